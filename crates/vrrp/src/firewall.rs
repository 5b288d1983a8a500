//! The packet filter of the node: what is to be in it, and when.
//!
//! A virtual address whose master is not its owner is not for this node unless it is configured to be (`accept`;
//! RFC 9568 §6.4.3: "MUST NOT accept packets addressed to" it). The address must be on a link all the same, so that it
//! is answered for; what comes for it is dropped by the packet filter. VMACs need the filter whoever is master.
//!
//! As keepalived: a filter grows before addresses are put and shrinks after they are gone.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use host::firewall::{FilterTable, FirewallOp, Ipv4Filter, Ipv6Filter};
use host::{Family, Instant, Refusal, Ticket, VirtualLinkKind};

use crate::config;
use crate::event::Action;
use crate::instance::{Instance, Instances};
use crate::links::Links;
use crate::notice::Notice;

/// Pause before a refused filter is tried again.
const RETRY: Duration = Duration::from_secs(10);
/// Tickets of this module; those of holdings are counted from 1.
const TICKETS: u64 = 1 << 63;

/// The packet filter as wanted and as ordered.
#[derive(Debug, Default)]
pub(crate) struct Firewall {
    options: Option<config::Firewall>,
    wanted: Option<FilterTable>,
    ordered: Option<FilterTable>,
    tickets: u64,
    retry_at: Option<Instant>,
    stale: bool,
}

impl Firewall {
    /// Takes options. As keepalived: the first ones hold until the end.
    pub(crate) fn configure(&mut self, options: config::Firewall) {
        self.options.get_or_insert(options);
        self.stale = true;
    }

    /// Something changed on which the filter may depend.
    pub(crate) fn touch(&mut self) {
        self.stale = true;
    }

    /// What an instance wants changed.
    pub(crate) fn touch_for(&mut self, instance: &Instance) {
        self.stale |= drops(instance) || instance.config().own_link.is_some();
    }

    /// Makes up its mind, and orders what must be there before addresses are put.
    pub(crate) fn before(
        &mut self,
        instances: &Instances,
        links: &Links,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        if self.retry_at.is_some_and(|at| at <= now) {
            (self.retry_at, self.stale) = (None, true);
        }
        if !core::mem::take(&mut self.stale) || self.retry_at.is_some() {
            return;
        }
        self.wanted = self
            .options
            .as_ref()
            .and_then(|options| wanted(options, instances.values().map(|instance| &**instance), links));
        let Some(wanted) = &self.wanted else { return };
        let grown = match &self.ordered {
            Some(ordered) => wanted.clone().with_dropped_of(ordered),
            None => wanted.clone(),
        };
        if self.ordered.as_ref() != Some(&grown) {
            self.order(FirewallOp::Install(grown.clone()), out);
            self.ordered = Some(grown);
        }
    }

    /// Orders what may go now that all addresses are gone that had to. `settled`: the kernel owes no answer.
    pub(crate) fn after(&mut self, settled: bool, out: &mut Vec<Action>) {
        if !settled || self.retry_at.is_some() || self.ordered == self.wanted {
            return;
        }
        let op = match (&self.wanted, &self.ordered) {
            (Some(wanted), _) => FirewallOp::Install(wanted.clone()),
            (None, Some(ordered)) => FirewallOp::Remove(ordered.name.clone()),
            (None, None) => return,
        };
        self.order(op, out);
        self.ordered.clone_from(&self.wanted);
    }

    /// No more is wanted.
    pub(crate) fn stop(&mut self) {
        (self.options, self.wanted, self.retry_at, self.stale) = (None, None, None, false);
    }

    /// Whether a ticket is of this module; then its order was carried out or refused.
    pub(crate) fn settled(
        &mut self,
        ticket: Ticket,
        result: &Result<(), Refusal>,
        now: Instant,
        out: &mut Vec<Action>,
    ) -> bool {
        if ticket.0 < TICKETS {
            return false;
        }
        if let (Err(refusal), Some(_)) = (result, &self.options) {
            out.push(Action::Notice(Notice::FilterRefused { why: refusal.why.clone() }));
            // What the kernel has is what it had before, whatever that is.
            self.ordered = None;
            self.retry_at = Some(now + RETRY);
        }
        true
    }

    /// When a refused filter is tried again.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    fn order(&mut self, op: FirewallOp, out: &mut Vec<Action>) {
        self.tickets += 1;
        out.push(Action::Firewall(Ticket(TICKETS + self.tickets), op));
    }
}

/// The filter that instances need as they are; `None` if none needs any.
fn wanted<'a>(
    options: &config::Firewall,
    instances: impl Iterator<Item = &'a Instance>,
    links: &Links,
) -> Option<FilterTable> {
    let config::Firewall { table, priority, counters, by_index } = options;
    let (mut ipv4, mut ipv6) = (None, None);
    for instance in instances {
        add_dropped(instance, links, *by_index, &mut ipv4, &mut ipv6);
        add_vmac(instance, links, &mut ipv4, &mut ipv6);
    }
    let (name, priority, counters): (String, _, _) = (table.clone(), *priority, *counters);
    (ipv4.is_some() || ipv6.is_some()).then_some(FilterTable { name, priority, counters, ipv4, ipv6 })
}

/// Whether what comes for the addresses of an instance is not for this node.
fn drops(instance: &Instance) -> bool {
    let config = instance.config();
    !config.accept && !config.priority.is_owner()
}

fn add_dropped(
    instance: &Instance,
    links: &Links,
    by_index: bool,
    ipv4: &mut Option<Ipv4Filter>,
    ipv6: &mut Option<Ipv6Filter>,
) {
    let config = instance.config();
    if !drops(instance) {
        return;
    }
    // The chains are there before they are needed.
    for address in config.addresses.iter().chain(&config.excluded) {
        match address.prefix.family() {
            Family::V4 => drop(ipv4.get_or_insert_default()),
            Family::V6 => drop(ipv6.get_or_insert_default()),
        }
    }
    if !instance.is_master() {
        return;
    }
    for address in instance.addresses(links) {
        match address.prefix.address() {
            IpAddr::V4(one) => {
                ipv4.get_or_insert_default().dropped.insert(one);
            }
            IpAddr::V6(one) if !one.is_unicast_link_local() => {
                ipv6.get_or_insert_default().dropped.insert(one);
            }
            // As keepalived: by name where the link may go and come back while the instance stays what it is.
            IpAddr::V6(one) if by_index || config.track_own_link => {
                ipv6.get_or_insert_default().link_local.insert((one, address.link));
            }
            IpAddr::V6(one) => {
                if let Some(link) = links.get(address.link) {
                    let filter = ipv6.get_or_insert_default();
                    filter.link_local_by_name.insert((one, link.name.clone()));
                }
            }
        }
    }
}

fn add_vmac(
    instance: &Instance,
    links: &Links,
    ipv4: &mut Option<Ipv4Filter>,
    ipv6: &mut Option<Ipv6Filter>,
) {
    let Some(own) = &instance.config().own_link else { return };
    let VirtualLinkKind::Vmac(_) = own.link.kind else { return };
    let (Some(vmac), Some(base)) = (links.named(&own.link.name), links.named(&own.link.base)) else { return };
    let family = instance.config().family;
    if family == Family::V4 || own.link.both_families {
        ipv4.get_or_insert_default().vmacs.insert(vmac.index, base.index);
    }
    if family == Family::V6 || own.link.both_families {
        let filter = ipv6.get_or_insert_default();
        filter.vmacs.insert(vmac.index, base.index);
        if let Some(IpAddr::V6(source)) = instance.own_source(own, links).map(host::Prefix::address) {
            filter.of_bases.insert((source, vmac.name.clone()));
        }
    }
}
