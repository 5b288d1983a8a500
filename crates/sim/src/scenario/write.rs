//! A scenario as text, which reads back as the same.

use std::fmt;

use bfd::config::SessionConfig;

use super::{Scenario, State, instance};

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        let latency = self.latency;
        let spans = [
            ("kernel", latency.kernel),
            ("report", latency.report),
            ("start", latency.start),
            ("wake", latency.wake),
            ("script", latency.script),
            ("restart", latency.restart),
        ];
        write!(f, "latency")?;
        for (name, (shortest, longest)) in spans {
            write!(f, " {name}={shortest:?}..{longest:?}")?;
        }
        writeln!(f)?;
        for (name, weather) in &self.segments {
            let (shortest, longest) = weather.delay;
            write!(f, "segment {name} delay={shortest:?}..{longest:?} loss={}", weather.loss)?;
            writeln!(f, " duplicate={} reorder={}", weather.duplicate, weather.reorder)?;
        }
        for node in &self.nodes {
            write!(f, "node {}", node.name)?;
            for (link, segment, addresses) in &node.links {
                write!(f, " {link} {} {}", self.segments[*segment].0, instance::prefixes(addresses))?;
            }
            writeln!(f)?;
        }
        for node in &self.nodes {
            for it in &node.config.instances {
                let words = instance::words(it, &node.config)?;
                writeln!(f, "instance {} {} {} {words}", node.name, it.name, instance::link(it))?;
            }
        }
        for node in &self.nodes {
            for SessionConfig { name, neighbour, min_rx, multiplier, .. } in &node.sessions {
                writeln!(f, "session {} {name} {neighbour} {min_rx:?} {multiplier}", node.name)?;
            }
        }
        // The world knows the names of what its commands are about.
        let world = self.build(false);
        for (at, command) in &self.steps {
            writeln!(f, "at {:?} {}", at.since(host::Instant::ZERO), world.describe(command))?;
        }
        for expectation in &self.expectations {
            // Expectations count from the last `at`; said this way they need none.
            let word = if expectation.exact { "exactly" } else { "within" };
            writeln!(f, "at 0s")?;
            let after = expectation.at.since(host::Instant::ZERO);
            writeln!(f, "{word} {after:?} {}", self.words(&expectation.what))?;
        }
        writeln!(f, "until {:?}", self.until.since(host::Instant::ZERO))
    }
}

impl Scenario {
    /// What is expected, in a scenario's words.
    pub(super) fn words(&self, what: &State) -> String {
        let name = |node: &usize| self.nodes[*node].name.clone();
        match what {
            State::Masters(instance, masters) if masters.is_empty() => format!("master {instance} is nobody"),
            State::Masters(instance, masters) => {
                format!("master {instance} is {}", masters.iter().map(name).collect::<Vec<_>>().join(","))
            }
            State::Answers(address, node) => {
                format!(
                    "address {address} answers {}",
                    node.as_ref().map_or_else(|| "nobody".to_owned(), name)
                )
            }
        }
    }
}
