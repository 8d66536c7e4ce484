use super::{Batch, ForkServer};
use crate::{Launch, Outcome, TargetConfig};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// A shell that exits with the number that is its input, and dies where it is `kill`.
fn shell() -> ForkServer {
    let script = "read word || word=9; test $word = kill && kill -9 $$; exit $word";
    let mut config = TargetConfig::new("/bin/sh");
    config.launch = Launch::Exec;
    config.args = ["-c", script].map(Into::into).into();
    ForkServer::start(config).unwrap()
}

#[test]
fn a_batch_ends_with_its_last_input_or_the_one_that_matters() {
    let mut server = shell();
    let exits = [&b"3\n"[..], b"4\n", b"5\n"];
    let crashes = [&b"3\n"[..], b"kill\n", b"5\n"];
    let killed = Outcome::Signaled {
        signal: 9,
        core: false,
    };
    for (inputs, most, count, last) in [
        (&exits[..], 9, 3, Some(Outcome::Exited(5))),
        (&exits, 2, 2, Some(Outcome::Exited(4))),
        (&crashes, 9, 2, Some(killed)),
        (&[], 9, 0, None),
    ] {
        let mut asked = 0;
        let batch = server.run_batch(inputs, LIMIT, |_| {
            asked += 1;
            asked == most
        });
        assert_eq!(batch.unwrap(), Batch { count, last });
    }
    assert!(server.run_batch(&[b""], Duration::ZERO, |_| true).is_ok());
}
