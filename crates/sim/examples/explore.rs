//! Explores seeds: `explore SEED` runs one and tells its story, `explore FIRST COUNT` many; `explore bfd …` those of paths.
#![expect(clippy::print_stdout, reason = "an example prints")]

use sim::explore::{self, Plan, Routers, Tale};
use sim::paths::Neighbours;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if words.iter().any(|word| word == "bfd") {
        explore::<Neighbours>(&numbers);
    } else {
        explore::<Routers>(&numbers);
    }
}

fn explore<T: Tale>(numbers: &[u64]) {
    match *numbers {
        [seed] => tell::<T>(seed),
        [first, count] => {
            let findings = explore::seeds::<T>(first, count, 20);
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
        _ => println!("usage: explore [bfd] SEED | explore [bfd] FIRST COUNT"),
    }
}

/// The shrunk story of a seed that fails, the whole one of a seed that does not.
fn tell<T: Tale>(seed: u64) {
    let (plan, failure) = match explore::seed::<T>(seed) {
        Ok(()) => (Plan::of(seed), None),
        Err(finding) => (finding.plan, Some(finding.failure)),
    };
    print!("{}", plan.story());
    match failure {
        Some(failure) => println!("{failure}"),
        None => println!("all held"),
    }
}
