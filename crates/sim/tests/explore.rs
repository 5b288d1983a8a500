//! Thousands of scenarios by chance hold. One that does not prints its seed and its shrunk self, which can be kept as a
//! scenario; its story is told by `cargo run -p standfast -- simulate --seed SEED`.

use sim::explore::{self, Finding, Plan, Routers, Tale};
use sim::paths::Neighbours;

/// Enough to meet a rare fault once in a few runs of the tests, few enough for a minute on two slow processors.
const SEEDS: u64 = 20_000;

/// Some seconds of them.
const PATHS: u64 = 4_000;

/// A few findings among some seeds, in words; nothing if all hold.
fn report<T: Tale>(count: u64, options: &str) -> String {
    let report = |finding: &Finding<T>| {
        let Finding { seed, failure, plan } = finding;
        let command = format!("cargo run -p standfast -- simulate {options}--seed {seed}");
        format!("{plan}\nseed {seed}: {failure}\nits whole story: {command}\n")
    };
    explore::seeds(1, count, 5).iter().map(report).collect()
}

#[test]
fn twenty_thousand_seeds_keep_every_promise() {
    let report = report::<Routers>(SEEDS, "");
    assert!(report.is_empty(), "{report}");
}

#[test]
fn four_thousand_paths_keep_every_promise() {
    let report = report::<Neighbours>(PATHS, "--bfd ");
    assert!(report.is_empty(), "{report}");
}

#[test]
fn a_seed_gives_the_same_story_each_time() {
    for seed in 1..20 {
        assert_eq!(Plan::<Routers>::of(seed).story(), Plan::<Routers>::of(seed).story(), "seed {seed}");
        assert_eq!(Plan::<Neighbours>::of(seed).story(), Plan::<Neighbours>::of(seed).story(), "seed {seed}");
    }
}
