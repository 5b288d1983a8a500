//! BFD between ours and others': Debian's keepalived, FRR's bfdd, BIRD, and ours itself.
//!
//! Ours is host 1, the peer host 2 on the same switch. What ours sees stands in its log, what the peer sees is asked of
//! the peer. Run a part with words to select by: `cargo test -p standfast-daemon --test bfd -- bird silence`.

#[path = "bfd/case.rs"]
mod case;
#[path = "bfd/failover.rs"]
mod failover;
#[expect(dead_code, reason = "shared by several programs, each of which uses its part")]
mod netns;
#[path = "bfd/peer.rs"]
#[expect(dead_code, reason = "shared with the benchmark")]
mod peer;
#[path = "bfd/probe.rs"]
mod probe;
#[path = "bfd/session.rs"]
mod session;

use std::process::ExitCode;

use netns::daemon::Make;
use netns::runner::{self, Options, Trial};
use peer::Kind;

fn main() -> ExitCode {
    let options = Options::read();
    let mut trials = Vec::new();
    for case in case::ALL {
        for kind in case.with {
            let run = Box::new(move || (case.play)(*kind));
            let makes = match kind {
                Kind::Keepalived => vec![Make::Ours, Make::Theirs],
                Kind::Ours | Kind::Frr | Kind::Bird => vec![Make::Ours],
            };
            let name = format!("{}: {kind}", case.name);
            trials.push(Trial { name, makes, programs: kind.programs(), kernel: None, run });
        }
    }
    let pairs: [(&str, fn()); 2] = [
        ("a pair that tracks a path fails over in 60 ms", failover::play),
        ("a bfd worker that is killed costs a pair nothing", failover::a_dead_worker_costs_nothing),
    ];
    for (name, run) in pairs {
        let (name, makes) = (name.to_owned(), vec![Make::Ours]);
        trials.push(Trial { name, makes, programs: &["ip"], kernel: None, run: Box::new(run) });
    }
    runner::main("bfd", &options, trials)
}
