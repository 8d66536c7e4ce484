//! Several threads at a time.

use crate::{built, sample, source};
use std::{sync::LazyLock, thread};
use tine::{Program, Target};

const THREADS: i32 = 8;

#[test]
fn eight_programs_run_at_a_time() {
    let (exits, files) = (sample("exit_codes.c"), sample("input_file.c"));
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (exits, files) = (&exits, &files);
            scope.spawn(move || {
                let by_stdin = Program::new(exits).start().unwrap();
                let by_file = Program::new(files).arg("@@").start().unwrap();
                let alone = Program::new(exits).non_instrumented().start().unwrap();
                for round in 0..50 {
                    let code = number * 10 + round % 10;
                    let input = code.to_string();
                    assert_eq!(by_stdin.run(&input).unwrap().exit_code(), Some(code));
                    assert_eq!(alone.run(&input).unwrap().exit_code(), Some(code));
                    let length = vec![0; code as usize];
                    assert_eq!(by_file.run(length).unwrap().exit_code(), Some(code));
                }
            });
        }
    });
}

static SHARED: LazyLock<Target> =
    LazyLock::new(|| Program::new(sample("exit_codes.c")).start().unwrap());

#[test]
fn one_program_is_shared_by_threads_that_come_and_go() {
    // The thread that started it is gone when the others run it.
    thread::spawn(|| SHARED.run("1").unwrap()).join().unwrap();
    let others: Vec<_> = (0..THREADS)
        .map(|number| {
            thread::spawn(move || {
                for _ in 0..20 {
                    let outcome = SHARED.run(number.to_string()).unwrap();
                    assert_eq!(outcome.exit_code(), Some(number));
                }
            })
        })
        .collect();
    for other in others {
        other.join().unwrap();
    }
}

#[test]
fn a_panic_in_one_thread_leaves_the_program_to_the_others() {
    let exits = Program::new(sample("exit_codes.c")).start().unwrap();
    let panicked = thread::scope(|scope| {
        let panics = || -> () {
            let outcome = exits.run("3").unwrap();
            std::panic::resume_unwind(Box::new(outcome));
        };
        scope.spawn(panics).join()
    });
    assert!(panicked.is_err());
    assert_eq!(exits.run("4").unwrap().exit_code(), Some(4));
}

#[test]
fn one_file_may_be_compiled_by_all_and_run_at_once() {
    let program = built("compiled_by_all");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let program = tine::compile(source("ok.c")).output(&program).unwrap();
                let outcome = Program::new(program).start().unwrap().run("hello");
                assert!(outcome.unwrap().is_ok());
            });
        }
    });
}
