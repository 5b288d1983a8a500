//! The interoperability matrix: every case with ours as A and theirs as B, the other way round, and ours alone.
//!
//! A is the node that should be master; theirs is the distribution's keepalived. FRR's vrrpd is a third peer.
//! Run a part with words to select by: `cargo test -p standfast-daemon --test interop -- preempt ours/theirs`. Naming
//! `theirs/theirs` runs the expectations against keepalived alone, which is how they were found.

#[path = "netns/case/mod.rs"]
mod case;
#[expect(dead_code, reason = "shared by several programs, each of which uses its part")]
mod netns;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use netns::runner::{self, Options, Trial, reason};

fn main() -> ExitCode {
    let options = Options::read();
    let mut trials = Vec::new();
    for case in case::all() {
        for makes in runner::pairings(&options) {
            if !case.players.can(makes) {
                continue;
            }
            let name = format!("{}: {}/{}", case.name, makes.0, makes.1);
            let run = Box::new(move || {
                let mut pair = (case.set)(makes);
                if let Err(panicked) = catch_unwind(AssertUnwindSafe(|| (case.play)(&mut pair))) {
                    panic!("{}\n{}", reason(panicked.as_ref()), pair.story());
                }
            });
            trials.push(Trial {
                name,
                makes: vec![makes.0, makes.1],
                programs: &["ip"],
                kernel: case.kernel,
                run,
            });
        }
    }
    trials.extend(case::frr::trials());
    runner::main("interop", &options, trials)
}
