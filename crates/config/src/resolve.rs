//! Names → things: scripts by name, accounts by user, links by whether they are there.

pub(crate) mod script;

use std::collections::BTreeMap;

use host::{Account, Command, LinkName};
use vrrp::config::{ScriptConfig, Weight};

use crate::block::global_defs::GlobalDefsBlock;
use crate::block::track;
use crate::block::vrrp_script::VrrpScriptBlock;
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::surroundings::Surroundings;
use crate::tree::NodeId;
use crate::value::Reader;

/// Exit status of a daemon whose VRRP part cannot run: as keepalived.
pub(crate) const REFUSED: u8 = 2;

/// A script that may be tracked.
struct Script {
    node: NodeId,
    weight: Weight,
    /// `None` if it was refused.
    config: Option<ScriptConfig>,
    at: Span,
    used: bool,
}

/// What lowering needs.
pub(crate) struct Resolver<'r, 'a> {
    pub(crate) reader: Reader<'r>,
    pub(crate) surroundings: &'a dyn Surroundings,
    pub(crate) global: &'r GlobalDefsBlock,
    /// Who scripts run as unless they say otherwise; `None` if that account does not exist.
    default_account: Option<Account>,
    scripts: BTreeMap<String, Script>,
    links: BTreeMap<LinkName, bool>,
    /// Where the first script stands that may run.
    pub(crate) first_script: Option<Span>,
}

impl<'r, 'a> Resolver<'r, 'a> {
    pub(crate) fn new(
        reader: Reader<'r>,
        surroundings: &'a dyn Surroundings,
        global: &'r GlobalDefsBlock,
    ) -> Self {
        let mut resolver = Self {
            reader,
            surroundings,
            global,
            default_account: None,
            scripts: BTreeMap::new(),
            links: BTreeMap::new(),
            first_script: None,
        };
        resolver.default_account = resolver.script_user();
        resolver
    }

    /// Whether scripts are checked for who could change them.
    pub(crate) const fn security(&self) -> bool {
        self.global.enable_script_security.is_some()
    }

    /// Whether there is such a link on this host.
    pub(crate) fn has_link(&mut self, link: &LinkName) -> bool {
        if let Some(known) = self.links.get(link) {
            return *known;
        }
        let there = self.surroundings.has_link(link.as_str());
        self.links.insert(link.clone(), there);
        there
    }

    /// Whether a link is there, or may come later.
    pub(crate) fn link_may_be_used(&mut self, link: &LinkName) -> bool {
        self.global.dynamic_interfaces.is_some() || self.has_link(link)
    }

    /// As keepalived: with an interface that is not there, nothing runs.
    pub(crate) fn no_link(&mut self, at: Span, link: &LinkName, what: &str) {
        let message = format!("There is no interface {link} on this host {what}");
        let found = Diagnostic::new(code::NO_LINK, at, message.trim_end()).refuses(REFUSED);
        self.reader.report.add(found.help("with dynamic_interfaces in global_defs it may come later"));
    }

    /// Takes the scripts in, in the order of the file.
    pub(crate) fn scripts(&mut self, blocks: &[(NodeId, VrrpScriptBlock)]) {
        for (node, block) in blocks {
            if self.scripts.contains_key(&block.name) {
                continue;
            }
            let (points, reverse) = block.weight.as_ref().map_or((0, false), |set| set.value);
            let config = self.script_config(block);
            let script = Script {
                node: *node,
                weight: track::weight(points, reverse),
                config,
                at: block.at,
                used: false,
            };
            self.scripts.insert(block.name.clone(), script);
        }
    }

    fn script_config(&mut self, block: &VrrpScriptBlock) -> Option<ScriptConfig> {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let VrrpScriptBlock { name, at, script, interval, timeout, weight: _, rise, fall, user, init_fail } =
            block;
        let Some(script) = script else {
            let message = format!("The script `{name}` has no command; it is left out");
            self.reader.complain(code::NO_SCRIPT, *at, message);
            return None;
        };
        let second = std::time::Duration::from_secs(1);
        let interval = interval.as_ref().map_or(second, |set| set.value);
        let runs = |set: &Option<crate::value::Set<u64>>| {
            set.as_ref().map_or(1, |set| u32::try_from(set.value).unwrap_or(u32::MAX))
        };
        let argv = script.value.argv.clone();
        let command = match user {
            Some(user) => self.command(argv, script.at, &user.value, user.at),
            None => self.command(argv, script.at, &[], script.at),
        };
        let Some(command) = command else {
            let message = format!("The script `{name}` cannot be run; it is left out");
            self.reader.report.add(Diagnostic::new(code::UNUSED, *at, message));
            return None;
        };
        Some(ScriptConfig {
            name: name.clone(),
            command,
            interval,
            timeout: timeout.as_ref().map_or(interval, |set| set.value),
            rise: runs(rise),
            fall: runs(fall),
            starts_failed: init_fail.is_some(),
        })
    }

    /// The weight of a script that stands before a node.
    pub(crate) fn script_weight(&self, name: &str, before: NodeId) -> Option<Weight> {
        self.scripts.get(name).filter(|script| script.node < before).map(|script| script.weight)
    }

    /// Marks a script as tracked; `false` if it was refused.
    pub(crate) fn use_script(&mut self, name: &str) -> bool {
        let Some(script) = self.scripts.get_mut(name) else { return false };
        script.used = true;
        script.config.is_some()
    }

    pub(crate) fn script_names(&self) -> Vec<String> {
        self.scripts.keys().cloned().collect()
    }

    /// The scripts that are tracked, in the order of the file.
    pub(crate) fn tracked_scripts(&mut self) -> Vec<ScriptConfig> {
        let mut tracked: Vec<(NodeId, ScriptConfig)> = Vec::new();
        for (name, script) in std::mem::take(&mut self.scripts) {
            match script.config {
                Some(config) if script.used => tracked.push((script.node, config)),
                Some(_) => {
                    let message = format!("Nothing tracks the script `{name}`; it is not run");
                    self.reader.report.add(Diagnostic::new(code::UNUSED, script.at, message));
                }
                None => {}
            }
        }
        tracked.sort_unstable_by_key(|(node, _)| *node);
        tracked.into_iter().map(|(_, config)| config).collect()
    }

    /// A notify script with the identity that stands behind it.
    pub(crate) fn notify(
        &mut self,
        script: Option<&crate::value::Set<crate::lex::CommandLine>>,
    ) -> Option<Command> {
        let script = script?;
        self.command(script.value.argv.clone(), script.at, &script.value.identity, script.at)
    }
}
