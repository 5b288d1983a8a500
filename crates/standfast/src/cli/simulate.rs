//! `standfast simulate`: the workers of the daemon on a simulated network, in simulated time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use config::{Assumed, Disk, Files, InMemory, Request};
use sim::explore::{self, Plan, Routers, Tale};
use sim::paths::Neighbours;
use sim::scenario::{BadScenario, Failure};
use sim::timeline::Fact;
use sim::{Scenario, World};
use vrrp::Config;

use crate::output;

/// Runs routers on a simulated network in simulated time: the same workers as in the daemon, minutes in milliseconds.
/// Every promise of the protocol is watched all the while. Needs no rights.
///
/// Without a file it is the pair that `standfast demo` shows.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// What to run; configuration files in it are looked for beside it
    #[arg(value_name = "SCENARIO")]
    file: Option<PathBuf>,
    /// Make a scenario by chance from this number, and show it
    #[arg(long, value_name = "NUMBER", conflicts_with = "file")]
    seed: Option<u64>,
    /// With --seed: a pair of BFD neighbours instead of routers
    #[arg(long, requires = "seed")]
    bfd: bool,
    /// Show what the daemons log, too
    #[arg(long)]
    log: bool,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}: {1}")]
    Unreadable(String, io::Error),
    #[error("{0}: {1}")]
    Bad(String, BadScenario),
}

pub(super) fn run(options: &Options) -> ExitCode {
    match simulate(options) {
        Ok(Ok(())) => {
            output::say("all that was expected held");
            ExitCode::SUCCESS
        }
        Ok(Err(failure)) => {
            output::say(&failure.to_string());
            ExitCode::FAILURE
        }
        Err(trouble) => {
            output::complain(&format!("standfast simulate: {trouble}"));
            ExitCode::FAILURE
        }
    }
}

fn simulate(options: &Options) -> Result<Result<(), Failure>, Trouble> {
    match options.seed {
        Some(seed) if options.bfd => return Ok(path_by_chance(seed)),
        Some(seed) => return Ok(by_chance(seed, options.log)),
        None => {}
    }
    let scenario = match &options.file {
        Some(file) => of_file(file)?,
        None => of_the_pair()?,
    };
    Ok(show(&scenario, options.log))
}

/// A scenario that chance makes. One that fails is first made as short as it can be.
fn by_chance(seed: u64, log: bool) -> Result<(), Failure> {
    let (plan, verdict) = explored::<Routers>(seed);
    let scenario = plan.scenario();
    output::say(&scenario.to_string());
    // It ends as it did before, and is judged already.
    let _ = show(&scenario, log);
    verdict
}

/// The same of two neighbours that watch the path between them.
fn path_by_chance(seed: u64) -> Result<(), Failure> {
    let (plan, verdict) = explored::<Neighbours>(seed);
    output::put(&plan.story());
    verdict
}

/// What a seed stands for, or what it shrinks to if it fails, and how it ends.
fn explored<T: Tale>(seed: u64) -> (Plan<T>, Result<(), Failure>) {
    match explore::seed::<T>(seed) {
        Ok(()) => (Plan::of(seed), Ok(())),
        Err(finding) => (finding.plan, Err(finding.failure)),
    }
}

fn of_file(file: &Path) -> Result<Scenario, Trouble> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|cause| Trouble::Unreadable(name.clone(), cause))?;
    let directory = file.parent().unwrap_or(Path::new(""));
    let mut load = |path: &str| configuration(&directory.join(path).display().to_string(), &Disk::default());
    Scenario::read(&text, &mut load).map_err(|cause| Trouble::Bad(name, cause))
}

/// The pair of the examples, which this program carries.
fn of_the_pair() -> Result<Scenario, Trouble> {
    let text = include_str!("../../../../examples/pair/failover.scenario");
    output::put(text);
    output::say("");
    let [a, b] = crate::demo::FILES;
    let mut load = |path: &str| {
        let text = if path == "a.conf" { a } else { b };
        configuration(path, &InMemory::one(path, text.as_bytes()))
    };
    Scenario::read(text, &mut load).map_err(|cause| Trouble::Bad("failover.scenario".to_owned(), cause))
}

/// What a configuration file means; what is wrong with it is said.
fn configuration(path: &str, files: &dyn Files) -> Option<Config> {
    let loaded = config::load(&Request::new(path), files, &Assumed::default());
    loaded.log_lines().for_each(|line| output::complain(&line));
    let mut vrrp = loaded.effective?.vrrp;
    // No program runs in a simulation. `script NODE NAME exits STATUS` means the name that the file gives it.
    for script in &mut vrrp.scripts {
        script.command.argv = vec![script.name.clone()];
    }
    Some(vrrp)
}

/// Runs it and tells what happened when.
fn show(scenario: &Scenario, log: bool) -> Result<(), Failure> {
    let mut world = scenario.build(true);
    let verdict = scenario.run(&mut world);
    for line in lines(&world, log) {
        output::say(&line);
    }
    verdict
}

fn lines(world: &World, log: bool) -> impl Iterator<Item = String> + '_ {
    world.timeline().iter().filter(move |entry| log || !matches!(entry.fact, Fact::Line(_))).map(|entry| {
        let node = entry.node.map_or("", |node| &world.node(node).name);
        format!("{:>12}  {node:<4} {}", entry.at.to_string(), entry.fact)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_neighbours_by_chance_has_a_story() {
        let (plan, verdict) = explored::<Neighbours>(7);
        assert_eq!(verdict, Ok(()));
        assert!(plan.story().contains("(path) Entering Up state"), "{}", plan.story());
    }

    /// What is shown to somebody who has no rights must be true.
    #[test]
    fn the_pair_of_the_examples_fails_over_as_its_scenario_says() {
        let scenario = of_the_pair().unwrap();
        let mut world = scenario.build(true);
        scenario.run(&mut world).unwrap();
        let told: Vec<String> = lines(&world, false).filter(|line| line.ends_with(" is master")).collect();
        assert_eq!(told.len(), 5, "{told:?}");
    }
}
