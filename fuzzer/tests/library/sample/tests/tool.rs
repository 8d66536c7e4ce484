//! A command-line tool that reads a file, compiled by the test.

use proptest::{collection::vec, prelude::*};
use std::{sync::LazyLock, time::Duration};

/// Started once for all tests here, which take turns.
static PIXELS: LazyLock<tine::Target> = LazyLock::new(|| {
    let program = concat!(env!("CARGO_TARGET_TMPDIR"), "/pixels");
    let program = tine::compile("c/pixels.c").output(program).unwrap();
    let pixels = tine::Program::new(program).arg("@@");
    pixels.timeout(Duration::from_secs(2)).start().unwrap()
});

#[test]
fn a_picture_takes_another_way_than_a_text() -> Result<(), tine::Error> {
    let picture = PIXELS.run(b"PX\x02\x02\x00\xff\x00\xff")?;
    let text = PIXELS.run("hello")?;
    assert_eq!((picture.exit_code(), text.exit_code()), (Some(0), Some(1)));
    assert!(!picture.edges().not_in(text.edges()).is_empty());
    Ok(())
}

proptest! {
    #[test]
    fn a_picture_needs_all_of_its_pixels(
        width in 0_u8..20, height in 0_u8..20, pixels in vec(any::<u8>(), 0..400),
    ) {
        let mut file = vec![b'P', b'X', width, height];
        file.extend(&pixels);
        let is_whole = pixels.len() >= usize::from(width) * usize::from(height);
        let outcome = PIXELS.run(&file).unwrap();
        prop_assert_eq!(outcome.exit_code(), Some(i32::from(!is_whole)));
    }
}
