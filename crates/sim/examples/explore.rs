//! Explores seeds: `explore SEED` runs one and tells its story, `explore FIRST COUNT` many.
#![expect(clippy::print_stdout, reason = "an example prints")]

use sim::explore::{self, Plan};

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [seed] => tell(seed),
        [first, count] => {
            let findings = explore::seeds(first, count, 20);
            for finding in &findings {
                println!(
                    "seed {}: {} ({} steps)",
                    finding.seed,
                    finding.failure,
                    finding.plan.misfortunes.len()
                );
            }
            println!("{count} seeds, {} findings", findings.len());
        }
        _ => println!("usage: explore SEED | explore FIRST COUNT"),
    }
}

/// The shrunk story of a seed that fails, the whole one of a seed that does not.
fn tell(seed: u64) {
    let (plan, failure) = match explore::seed(seed) {
        Ok(()) => (Plan::new(seed), None),
        Err(finding) => (finding.plan, Some(finding.failure)),
    };
    let scenario = plan.scenario();
    println!("{scenario}");
    let mut world = scenario.build(true);
    // How it ends is known already.
    let _ = scenario.run(&mut world);
    print!("{}", world.story());
    match failure {
        Some(failure) => println!("{failure}"),
        None => println!("all held"),
    }
}
