//! The page on the simulator names every promise.

use sim::invariant::Promise;

#[test]
fn every_promise_stands_in_the_paper() {
    let paper = include_str!("../../../docs/simulator.md").to_lowercase();
    for promise in Promise::ALL {
        let row = format!("| {promise} | ").to_lowercase();
        assert!(paper.contains(&row), "docs/simulator.md lacks `{promise}`");
    }
}
