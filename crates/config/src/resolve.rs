//! Names → things: scripts by name, accounts by user, links by whether they are there.

mod follow;
pub(crate) mod names;
pub(crate) mod script;
mod service;
pub(crate) mod tracked;

use std::collections::{BTreeMap, BTreeSet};

use host::{Account, Command, Family, LinkName};

use crate::block::check::Patterns;
use crate::block::global_defs::GlobalDefsBlock;
use crate::block::vrrp_sync_group::Groups;
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::surroundings::Surroundings;
use crate::value::Reader;
pub(crate) use follow::Sessions;
use names::Names;
use tracked::Trackables;

/// Preference of the first rule that has none; the kernel's own begin at 32766.
const FIRST_RULE: u32 = 16_384;

/// Exit status of a daemon whose VRRP part cannot run: as keepalived.
pub(crate) const REFUSED: u8 = 2;

/// What lowering needs.
pub(crate) struct Resolver<'r, 'a> {
    pub(crate) reader: Reader<'r>,
    pub(crate) surroundings: &'a dyn Surroundings,
    pub(crate) global: &'r GlobalDefsBlock,
    /// Who scripts run as unless they say otherwise; `None` if that account does not exist.
    default_account: Option<Account>,
    /// What may be tracked by name.
    pub(crate) trackables: Trackables,
    /// The sync groups.
    pub(crate) groups: Groups,
    /// Names of all virtual routers that are read.
    pub(crate) instances: BTreeSet<&'r str>,
    links: BTreeMap<LinkName, bool>,
    loopbacks: BTreeMap<LinkName, bool>,
    names: BTreeMap<Names, BTreeMap<String, u32>>,
    /// The next preference of a rule that has none, of IPv4 and of IPv6: downward.
    rule_priorities: [u32; 2],
    /// Names of links of their own that are taken, and by whom.
    pub(crate) own_links: BTreeMap<LinkName, String>,
    /// By the link that ipvlans are on: their flags, and whose is the first.
    pub(crate) ipvlans: BTreeMap<LinkName, (u16, String)>,
    /// Interfaces of virtual routers that ask for their carrier themselves.
    pub(crate) polled: BTreeSet<LinkName>,
    /// What can be followed by name.
    pub(crate) sessions: Sessions,
    /// Patterns that were compiled.
    pub(crate) patterns: Patterns,
    /// An interface is not there, so virtual routers do not run, nor do their scripts.
    pub(crate) unlinked: bool,
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
            trackables: Trackables::default(),
            groups: Groups::default(),
            instances: BTreeSet::new(),
            links: BTreeMap::new(),
            loopbacks: BTreeMap::new(),
            names: BTreeMap::new(),
            rule_priorities: [FIRST_RULE; 2],
            own_links: BTreeMap::new(),
            ipvlans: BTreeMap::new(),
            polled: BTreeSet::new(),
            sessions: Sessions::default(),
            patterns: Patterns::default(),
            unlinked: false,
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

    /// Whether a link is a loopback.
    pub(crate) fn is_loopback(&mut self, link: &LinkName) -> bool {
        if let Some(known) = self.loopbacks.get(link) {
            return *known;
        }
        let loopback = self.surroundings.is_loopback(link.as_str());
        self.loopbacks.insert(link.clone(), loopback);
        loopback
    }

    /// Whether a link is there, or may come later.
    ///
    /// Differs: without `dynamic_interfaces` keepalived does not start when one is missing. Here what needs it waits in
    /// FAULT; `-t` finds fault with it as keepalived's does.
    pub(crate) fn link_may_be_used(&mut self, link: &LinkName) -> bool {
        self.global.dynamic_interfaces.is_some() || !self.reader.test || self.has_link(link)
    }

    /// As keepalived: a test of a file that names an interface that is not there fails.
    pub(crate) fn no_link(&mut self, at: Span, link: &LinkName, what: &str) {
        self.unlinked = true;
        let message = format!("There is no interface {link} on this host {what}");
        let found = Diagnostic::new(code::NO_LINK, at, message.trim_end()).refuses(REFUSED);
        self.reader.report.add(found.help("with dynamic_interfaces in global_defs it may come later"));
    }

    /// The interface of addresses that name none and have no other.
    pub(crate) fn default_interface(&self) -> Option<LinkName> {
        let named = self.global.default_interface.as_ref().map(|set| set.value.clone());
        named.or_else(|| LinkName::new("eth0").ok())
    }

    /// The preference of a rule that has none: counting down, for each family.
    pub(crate) fn next_rule_priority(&mut self, family: Family) -> u32 {
        let [v4, v6] = &mut self.rule_priorities;
        let next = match family {
            Family::V4 => v4,
            Family::V6 => v6,
        };
        let priority = *next;
        *next = next.saturating_sub(1);
        priority
    }

    /// Whether a virtual router of this name is read.
    pub(crate) fn has_instance(&self, name: &str) -> bool {
        self.instances.contains(name)
    }

    /// Whether mail is sent about VRRP unless an instance or a group says otherwise.
    pub(crate) fn vrrp_mail(&self) -> bool {
        let global = self.global.smtp_alert_vrrp.as_ref().or(self.global.smtp_alert.as_ref());
        global.is_some_and(|set| set.value)
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
