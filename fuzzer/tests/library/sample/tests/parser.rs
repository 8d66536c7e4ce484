//! A C parser, built by `build.rs` with AddressSanitizer.

#[test]
fn settings_are_read() -> Result<(), tine::Error> {
    let parser = tine::Program::new(env!("PARSER")).start()?;
    for text in ["width = 80\n", "width=80\nheight=25", "= 7", "a = \n", ""] {
        let outcome = parser.run(text)?;
        assert!(outcome.is_ok(), "{outcome} on {text:?}");
    }
    Ok(())
}

#[test]
fn no_input_crashes_the_parser() -> Result<(), tine::Error> {
    let report = tine::Campaign::new(env!("PARSER"))
        .seed_input("width = 80\nheight = 25\n")
        .token("=")
        .runs(20_000)
        .seed(1)
        .run()?;
    report.assert_clean();
    Ok(())
}
