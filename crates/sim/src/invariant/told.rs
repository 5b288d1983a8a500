//! What people were told of states: by scripts, and by the lines of event pipes.

use host::Instant;
use vrrp::Config;
use vrrp::config::GroupConfig;

use super::{Member, Promise, Watch};

/// By which way people were told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Way {
    /// A script runs.
    Script,
    /// A line is written to the event pipes.
    Pipe,
}

/// Who changed: a kind (`INSTANCE`, `GROUP`) and a name, on a node.
type Whom = (usize, Way, String, String);

/// As scripts and pipes know them.
const STATES: [&str; 5] = ["MASTER", "BACKUP", "FAULT", "STOP", "DELETED"];

impl Watch {
    /// A script's command line: `notify INSTANCE NAME STATE PRIORITY`.
    pub(crate) fn notified(&mut self, now: Instant, node: usize, argv: &[String], again: bool) {
        if let [.., kind, name, state, _] = argv {
            self.tell((node, Way::Script, kind.clone(), name.clone()), state, now, again);
        }
    }

    /// A line of the event pipes: `INSTANCE "NAME" STATE PRIORITY`.
    pub(crate) fn piped(&mut self, now: Instant, node: usize, line: &str, again: bool) {
        if let [kind, name, rest] = line.split('"').collect::<Vec<_>>()[..]
            && let Some(state) = rest.split_whitespace().next()
        {
            let whom = (node, Way::Pipe, kind.trim().to_owned(), name.to_owned());
            self.tell(whom, state, now, again);
        }
    }

    /// The first name of an instance: people are told of it by the next without being told that it is the same.
    fn first_name(&self, node: usize, kind: &str, name: &str) -> String {
        let is = |member: &&Member| kind == "INSTANCE" && member.node == node && member.is_called(name);
        let member = self.members.iter().find(is);
        member.map_or(name, |member| member.called.first().unwrap_or(&member.instance)).to_owned()
    }

    fn tell(&mut self, (node, way, kind, name): Whom, state: &str, now: Instant, again: bool) {
        let name = self.first_name(node, &kind, &name);
        let whom = (node, way, kind, name);
        if !STATES.contains(&state) {
            return;
        }
        if state == "FAULT" {
            // Whoever begins anew has heard of no rival.
            let it =
                self.members.iter_mut().find(|member| member.node == whom.0 && member.is_called(&whom.3));
            it.into_iter().for_each(|member| member.rival = 0);
        }
        let before = self.told.insert(whom.clone(), state.to_owned());
        if before.as_deref() == Some(state) && !(again && state == "MASTER") {
            let details = format!("{state} of {} {} of node {} by {:?}", whom.2, whom.3, whom.0, whom.1);
            self.violate(now, Promise::ToldOnce, &details);
        }
    }

    /// What was told last of an instance.
    pub(crate) fn told(&self, node: usize, way: Way, instance: &str) -> Option<&str> {
        let name = self.first_name(node, "INSTANCE", instance);
        let whom = (node, way, "INSTANCE".to_owned(), name);
        self.told.get(&whom).map(String::as_str)
    }

    /// Of what a configuration does not name nothing is told any more.
    pub(crate) fn forget_unnamed(&mut self, node: usize, config: &Config) {
        let named: Vec<String> =
            config.instances.iter().map(|it| self.first_name(node, "INSTANCE", &it.name)).collect();
        let names = |kind: &str, name: &String| match kind {
            "GROUP" => config.groups.iter().any(|group| group.name == *name),
            _ => named.contains(name),
        };
        self.told.retain(|(of, _, kind, name), _| *of != node || names(kind, name));
    }

    /// A new worker knows of none but the masters that it may resume.
    pub(crate) fn forget_told(&mut self, node: usize, masters: &[String], groups: &[GroupConfig]) {
        let first: Vec<String> = masters.iter().map(|name| self.first_name(node, "INSTANCE", name)).collect();
        let resumes = |kind: &str, name: &String| match kind {
            "GROUP" => {
                let members = groups.iter().find(|group| group.name == *name).map(|group| &group.members);
                members.is_some_and(|members| members.iter().all(|member| masters.contains(member)))
            }
            _ => first.contains(name),
        };
        self.told.retain(|(of, _, kind, name), _| *of != node || resumes(kind, name));
    }
}
