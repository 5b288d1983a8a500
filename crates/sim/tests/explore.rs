//! Twenty thousand scenarios by chance hold. One that does not prints its seed and its shrunk self, which can be kept as a
//! scenario; its story is told by `cargo run -p standfast -- simulate --seed SEED`.

/// Enough to meet a rare fault once in a few runs of the tests, few enough for a minute on two slow processors.
const SEEDS: u64 = 20_000;

#[test]
fn twenty_thousand_seeds_keep_every_promise() {
    let findings = sim::explore::seeds(1, SEEDS, 5);
    let report = |finding: &sim::explore::Finding| {
        let sim::explore::Finding { seed, failure, plan } = finding;
        let command = format!("cargo run -p standfast -- simulate --seed {seed}");
        format!("{}\nseed {seed}: {failure}\nits whole story: {command}\n", plan.scenario())
    };
    let reports: Vec<String> = findings.iter().map(report).collect();
    assert!(findings.is_empty(), "{}", reports.join("\n"));
}

#[test]
fn a_seed_gives_the_same_story_each_time() {
    let story = |seed| {
        let scenario = sim::explore::Plan::new(seed).scenario();
        let mut world = scenario.build(true);
        assert_eq!(scenario.run(&mut world), Ok(()), "seed {seed}");
        world.story()
    };
    for seed in 1..20 {
        assert_eq!(story(seed), story(seed), "seed {seed}");
    }
}
