//! Every scenario of this folder holds. Each says what it shows and why its times are what they are.

use std::fmt::Write;
use std::path::Path;

use sim::Scenario;

#[test]
fn every_kept_scenario_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 20, "the scenarios are where they are looked for");
    let failures: Vec<String> = files.iter().filter_map(|file| failure(file)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What went wrong, after all that happened.
fn failure(file: &Path) -> Option<String> {
    let name = file.file_name().unwrap().to_string_lossy();
    let text = std::fs::read_to_string(file).unwrap();
    let scenario = match Scenario::read(&text, &mut |_| None) {
        Ok(scenario) => scenario,
        Err(error) => return Some(format!("{name}: {error}")),
    };
    let mut world = scenario.build(true);
    let failure = scenario.run(&mut world).err()?;
    let mut story = String::new();
    for entry in world.timeline() {
        let node = entry.node.map_or("", |node| &world.node(node).name);
        writeln!(story, "{:>14} {node:<4} {}", entry.at.to_string(), entry.fact).unwrap();
    }
    Some(format!("{story}{name}: {failure}"))
}

/// What the explorer prints can be kept as a file: it reads back as the same.
#[test]
fn a_scenario_that_is_written_reads_back_as_the_same() {
    for seed in 0..200 {
        let scenario = sim::explore::Plan::new(seed).scenario();
        let again = Scenario::read(&scenario.to_string(), &mut |_| None);
        let again = again.unwrap_or_else(|error| panic!("{error}\n{scenario}"));
        assert!(again == scenario, "seed {seed}:\n{again}\nis not\n{scenario}");
    }
}
