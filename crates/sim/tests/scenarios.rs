//! Every scenario of this folder holds. Each says what it shows and why its times are what they are.

use std::path::{Path, PathBuf};

use sim::Scenario;

#[test]
fn every_kept_scenario_holds() {
    let files = files();
    assert!(files.len() > 20, "the scenarios are where they are looked for");
    let failures: Vec<String> = files.iter().filter_map(|file| failure(file)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = std::fs::read_dir(folder).expect("the folder is beside this file");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    files
}

/// What went wrong, after all that happened.
fn failure(file: &Path) -> Option<String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).expect("the scenario can be read");
    let scenario = match Scenario::read(&text, &mut |_| None) {
        Ok(scenario) => scenario,
        Err(error) => return Some(format!("{name}: {error}")),
    };
    let mut world = scenario.build(true);
    let failure = scenario.run(&mut world).err()?;
    Some(format!("{}{name}: {failure}", world.story()))
}

/// What the explorer prints can be kept as a file: it reads back as the same.
#[test]
fn a_scenario_that_is_written_reads_back_as_the_same() {
    for seed in 0..200 {
        let scenario = sim::explore::Plan::<sim::explore::Routers>::of(seed).scenario();
        let again = Scenario::read(&scenario.to_string(), &mut |_| None);
        let again = again.unwrap_or_else(|error| panic!("{error}\n{scenario}"));
        assert!(again == scenario, "seed {seed}:\n{again}\nis not\n{scenario}");
    }
}

#[test]
fn what_is_wrong_with_a_scenario_is_said_with_its_line() {
    for (text, complaint) in [
        ("seed 1\nsegments lan", "line 2: `segments` means nothing here"),
        ("seed x", "line 1: `x` is not what is wanted here"),
        ("node a eth0 lan 192.0.2.1/24", "line 1: nothing is called `lan`"),
        ("segment lan\nnode a eth0 lan", "line 2: an address is missing"),
        ("at 1s kill a", "line 1: nothing is called `a`"),
        ("until 5", "line 1: `5` is not what is wanted here"),
        ("until 99999999999999999999s", "line 1: `99999999999999999999s` is not what is wanted here"),
        ("node a config a.conf", "line 1: nothing is called `a.conf`"),
    ] {
        let error = Scenario::read(text, &mut |_| None).expect_err(text);
        assert_eq!(error.to_string(), complaint);
    }
}
