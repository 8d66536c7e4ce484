//! The figures as Markdown, for the terminal and for the book.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};

use super::figures::{Cores, Figure, Figures, LARGE, Large, MECHANISMS, Mechanism, WORD, file};

/// The table of the book, of the figures that were kept last.
pub fn of_the_book() -> Result<String> {
    let file = file();
    let text = fs::read_to_string(&file).with_context(|| {
        format!(
            "cannot read {}; `cargo xtask bench channels --write` makes it",
            file.display()
        )
    })?;
    let figures = serde_json::from_str(&text)
        .with_context(|| format!("{} is not as expected", file.display()))?;
    Ok(markdown(&figures))
}

/// A table for each payload, and what they are made of.
pub fn markdown(figures: &Figures) -> String {
    let Figures {
        date,
        machine,
        kernel,
        load,
        turns,
        seconds,
        ..
    } = figures;
    let mut text = format!(
        "Measured on {date} by `cargo xtask bench channels --write`: {machine}; {kernel}; \
         load {load:.1} from other programs, over which the channels have priority; {turns} turns of {seconds} s for each channel, all in turn.\n"
    );
    let titles = [
        (WORD, "A word of 4 bytes there, a word back"),
        (LARGE, "64 KiB there, a word back"),
    ];
    for (payload, title) in titles {
        let _ = write!(
            text,
            "\n**{title}.** Ratio to two pipes that are measured next to it \
             (median, and between which two half of the turns are), and the median time of a \
             round trip. The first row is pipes against pipes: noise.\n\n\
             | channel | one core | | two cores | | system calls |\n\
             |---|---:|---:|---:|---:|---:|\n"
        );
        for mechanism in MECHANISMS {
            let _ = writeln!(text, "{}", row(figures, mechanism, payload));
        }
    }
    text.push_str(
        "\nSystem calls are those of both processes for a round trip, on one core, counted \
         by strace. It stops a process at each call, so that the other one is often done \
         before a wait begins: without it a round trip by futex or POSIX semaphore takes up \
         to four calls.\n\n",
    );
    for Mechanism { title, large, .. } in MECHANISMS {
        match large {
            Large::Whole => {}
            Large::Pieces(how) => {
                let _ = writeln!(text, "- {title}: 64 KiB are {how}.");
            }
            Large::No(why) => {
                let _ = writeln!(text, "- {title}: no 64 KiB, because {why}.");
            }
        }
    }
    text
}

fn row(figures: &Figures, mechanism: &Mechanism, payload: usize) -> String {
    let cell = |cores| {
        let figure = figures.figures.iter().find(|it| {
            it.mechanism == mechanism.name && it.payload == payload && it.cores == cores
        });
        figure.map_or("- | -".into(), ratio_and_time)
    };
    let calls = figures
        .system_calls
        .iter()
        .find(|it| it.mechanism == mechanism.name && it.payload == payload)
        .map_or("-".into(), |it| format!("{:.1}", it.total()));
    format!(
        "| {} | {} | {} | {calls} |",
        mechanism.title,
        cell(Cores::One),
        cell(Cores::Two)
    )
}

fn ratio_and_time(figure: &Figure) -> String {
    let ratio = figure.ratio;
    format!(
        "{} ({} to {}) | {}",
        number(ratio.median),
        number(ratio.low),
        number(ratio.high),
        time(figure.nanoseconds.median)
    )
}

/// Two digits behind the point for what is small, none for what is large.
fn number(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        1e6.. => format!("{} ms", number(nanoseconds / 1e6)),
        1e3.. => format!("{} us", number(nanoseconds / 1e3)),
        _ => format!("{nanoseconds:.0} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, time};

    #[test]
    fn figures_have_the_digits_that_mean_something() {
        assert_eq!(number(0.823), "0.82");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(2517.4), "2517");
        assert_eq!(time(870.2), "870 ns");
        assert_eq!(time(6_119.0), "6.12 us");
        assert_eq!(time(15_370_321.0), "15.4 ms");
    }
}
