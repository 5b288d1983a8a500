//! Ten thousand scenarios by chance hold. One that does not prints its seed; its story is told by
//! `cargo run -p standfast-sim --example explore -- SEED`.

use std::fmt::Write;

/// Enough to meet a rare fault once in a few runs of the tests, few enough for a minute on two slow processors.
const SEEDS: u64 = 10_000;

#[test]
fn ten_thousand_seeds_keep_every_promise() {
    let findings = sim::explore::seeds(1, SEEDS, 5);
    let mut report = String::new();
    for finding in &findings {
        let scenario = finding.plan.scenario();
        writeln!(report, "{scenario}\nseed {}: {}", finding.seed, finding.failure).unwrap();
        let command = "cargo run -p standfast-sim --example explore --";
        writeln!(report, "its whole story: {command} {}\n", finding.seed).unwrap();
    }
    assert!(findings.is_empty(), "{report}");
}
