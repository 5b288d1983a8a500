//! Runs a scenario from a file and prints what happened.
#![expect(clippy::print_stdout, reason = "an example prints")]

use sim::Scenario;

fn main() {
    let Some(file) = std::env::args().nth(1) else {
        println!("usage: scenario FILE");
        return;
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => return println!("{file}: {error}"),
    };
    let scenario = match Scenario::read(&text, &mut |_| None) {
        Ok(scenario) => scenario,
        Err(error) => return println!("{file}: {error}"),
    };
    let mut world = scenario.build(true);
    let result = scenario.run(&mut world);
    for entry in world.timeline() {
        let node = entry.node.map_or("", |node| &world.node(node).name);
        println!("{:>14} {node:<4} {}", entry.at.to_string(), entry.fact);
    }
    match result {
        Ok(()) => println!("all held"),
        Err(failure) => println!("{failure}"),
    }
}
