//! Runs a scenario from a file and tells its story.
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
    print!("{}", world.story());
    match result {
        Ok(()) => println!("all held"),
        Err(failure) => println!("{failure}"),
    }
}
