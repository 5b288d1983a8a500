//! What may be tracked by name: scripts, files, sets of processes, BFD sessions.

use std::collections::BTreeMap;

use vrrp::config::{FileConfig, ProcessConfig, ScriptConfig, Weight};

use super::Resolver;
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::tree::NodeId;

/// A kind of thing that is tracked by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `vrrp_script`
    Script,
    /// `track_file`
    File,
    /// `vrrp_track_process`
    Process,
    /// `bfd_instance`
    Bfd,
}

impl Kind {
    /// For messages.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::File => "file",
            Self::Process => "process",
            Self::Bfd => "BFD session",
        }
    }

    /// The block that defines one.
    pub(crate) const fn block(self) -> &'static str {
        match self {
            Self::Script => "vrrp_script",
            Self::File => "track_file",
            Self::Process => "vrrp_track_process",
            Self::Bfd => "bfd_instance",
        }
    }

    /// Largest weight either way.
    pub(crate) const fn most(self) -> i16 {
        match self {
            Self::Script | Self::Bfd => 253,
            Self::File | Self::Process => 254,
        }
    }
}

/// Points, and whether good and bad change places.
pub(crate) type Points = (i16, bool);

/// What a weight as written means.
pub(crate) const fn weight((points, reverse): Points) -> Weight {
    if points == 0 { Weight::Fault { reverse } } else { Weight::Points { points, reverse } }
}

/// One thing that may be tracked.
#[derive(Debug)]
struct Entry<C> {
    node: NodeId,
    weight: Points,
    /// `None` if it was refused.
    config: Option<C>,
    at: Span,
    /// How many lists it stands in.
    used: usize,
    /// A check of a real server follows it.
    checked: bool,
}

/// The things of one kind, by name.
#[derive(Debug)]
struct Shelf<C>(BTreeMap<String, Entry<C>>);

impl<C> Default for Shelf<C> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<C> Shelf<C> {
    fn weight(&self, name: &str, before: NodeId) -> Option<Points> {
        self.0.get(name).filter(|entry| entry.node < before).map(|entry| entry.weight)
    }

    fn mark(&mut self, name: &str) -> bool {
        let Some(entry) = self.0.get_mut(name) else { return false };
        entry.used += 1;
        entry.config.is_some()
    }
}

/// Everything that may be tracked.
#[derive(Debug, Default)]
pub(crate) struct Trackables {
    scripts: Shelf<ScriptConfig>,
    files: Shelf<FileConfig>,
    processes: Shelf<ProcessConfig>,
    bfds: Shelf<()>,
}

/// What a definition says of itself.
pub(crate) struct Defined<'n, C> {
    pub(crate) node: NodeId,
    pub(crate) name: &'n str,
    pub(crate) at: Span,
    pub(crate) weight: Points,
    /// `None` if it was refused.
    pub(crate) config: Option<C>,
}

impl Trackables {
    /// As keepalived: of two with one name look-ups find the first.
    pub(crate) fn add_script(&mut self, defined: Defined<'_, ScriptConfig>) {
        add(&mut self.scripts, defined);
    }

    pub(crate) fn add_file(&mut self, defined: Defined<'_, FileConfig>) {
        add(&mut self.files, defined);
    }

    pub(crate) fn add_process(&mut self, defined: Defined<'_, ProcessConfig>) {
        add(&mut self.processes, defined);
    }

    pub(crate) fn add_bfd(&mut self, defined: Defined<'_, ()>) {
        add(&mut self.bfds, defined);
    }

    /// A file for a check, with the file's own weight, if it stands before a node.
    pub(crate) fn checked_file(&mut self, name: &str, before: NodeId) -> Option<(FileConfig, Points)> {
        let entry = self.files.0.get_mut(name).filter(|entry| entry.node < before)?;
        entry.checked = true;
        Some((entry.config.clone()?, entry.weight))
    }

    pub(crate) fn has_script(&self, name: &str) -> bool {
        self.scripts.0.contains_key(name)
    }

    /// The default weight of something that stands before a node.
    pub(crate) fn weight(&self, kind: Kind, name: &str, before: NodeId) -> Option<Points> {
        match kind {
            Kind::Script => self.scripts.weight(name, before),
            Kind::File => self.files.weight(name, before),
            Kind::Process => self.processes.weight(name, before),
            Kind::Bfd => self.bfds.weight(name, before),
        }
    }

    /// Marks something as tracked; `false` if it was refused.
    pub(crate) fn mark(&mut self, kind: Kind, name: &str) -> bool {
        match kind {
            Kind::Script => self.scripts.mark(name),
            Kind::File => self.files.mark(name),
            Kind::Process => self.processes.mark(name),
            Kind::Bfd => self.bfds.mark(name),
        }
    }

    /// A list that was read leaves a script out after all.
    pub(crate) fn unmark_script(&mut self, name: &str) {
        if let Some(entry) = self.scripts.0.get_mut(name) {
            entry.used = entry.used.saturating_sub(1);
        }
    }

    pub(crate) fn names(&self, kind: Kind) -> Vec<&str> {
        fn names<C>(shelf: &Shelf<C>) -> Vec<&str> {
            shelf.0.keys().map(String::as_str).collect()
        }
        match kind {
            Kind::Script => names(&self.scripts),
            Kind::File => names(&self.files),
            Kind::Process => names(&self.processes),
            Kind::Bfd => names(&self.bfds),
        }
    }
}

fn add<C>(shelf: &mut Shelf<C>, defined: Defined<'_, C>) {
    let Defined { node, name, at, weight, config } = defined;
    shelf.0.entry(name.to_owned()).or_insert(Entry { node, weight, config, at, used: 0, checked: false });
}

/// What some instance tracks, each in the order of the file.
pub(crate) struct InUse {
    pub(crate) scripts: Vec<ScriptConfig>,
    pub(crate) files: Vec<FileConfig>,
    pub(crate) processes: Vec<ProcessConfig>,
}

impl Resolver<'_, '_> {
    /// Takes out what is tracked, and says what is not.
    pub(crate) fn in_use(&mut self) -> InUse {
        let Trackables { scripts, files, processes, bfds: _ } = std::mem::take(&mut self.trackables);
        InUse {
            scripts: self.used(scripts, Kind::Script),
            files: self.used(files, Kind::File),
            processes: self.used(processes, Kind::Process),
        }
    }

    fn used<C>(&mut self, shelf: Shelf<C>, kind: Kind) -> Vec<C> {
        let mut tracked: Vec<(NodeId, C)> = Vec::new();
        for (name, entry) in shelf.0 {
            match entry.config {
                Some(config) if entry.used > 0 => tracked.push((entry.node, config)),
                Some(_) if entry.checked => {}
                Some(_) => {
                    let message = format!("Nothing tracks the {} `{name}`", kind.what());
                    self.reader.report.add(Diagnostic::new(code::UNUSED, entry.at, message));
                }
                None => {}
            }
        }
        tracked.sort_unstable_by_key(|(node, _)| *node);
        tracked.into_iter().map(|(_, config)| config).collect()
    }
}
