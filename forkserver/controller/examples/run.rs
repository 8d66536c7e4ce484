//! Runs a target on each file named: `run TARGET FILE…`.
use std::time::Instant;
use tine_controller::{ForkServer, TargetConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1);
    let program = args.next().ok_or("usage: run TARGET FILE…")?;
    let mut server = ForkServer::start(TargetConfig::new(program))?;
    println!("{:?}", server.info());
    for file in args {
        let input = std::fs::read(&file)?;
        for _ in 0..2 {
            let outcome = server.run(&input)?;
            let mut edges = Vec::new();
            server.map().take_nonzero(|word, counts| {
                for (i, count) in counts.to_ne_bytes().into_iter().enumerate() {
                    if count != 0 {
                        edges.push((word * 8 + i, count));
                    }
                }
            });
            println!("{}: {outcome}: {edges:?}", file.display());
        }
        let runs = 20_000;
        let started = Instant::now();
        for _ in 0..runs {
            server.run(&input)?;
            server.map().clear();
        }
        println!(
            "{:.2} us a run",
            started.elapsed().as_secs_f64() * 1e6 / f64::from(runs)
        );
    }
    Ok(())
}
