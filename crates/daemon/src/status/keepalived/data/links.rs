//! The links of the host: what the kernel says of them, and which virtual routers look at them.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use host::{Link, LinkName, VirtualLinkKind};
use vrrp::config::Config;
use vrrp::status::LinkStatus;

use super::weight;
use crate::status::keepalived::Report;

/// Differs: which settings of a link were changed for its VMACs, and what they were, is not told.
pub(super) fn write_links(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let links = &report.status.links;
    super::objects::head(out, "Interfaces", links.is_empty())?;
    let (trackers, owners) = (trackers(report.config()), owners(report.config()));
    for status in links {
        let LinkStatus { link, ipv4, ipv6, counts_up, delays: (down, up) } = status;
        writeln!(out, " Name = {}\n   index = {}", link.name, link.index)?;
        let or_none = |address: Option<String>| address.unwrap_or_else(|| "(none)".into());
        writeln!(out, "   IPv4 address = {}", or_none(ipv4.map(|address| address.to_string())))?;
        writeln!(out, "   IPv6 address = {}", or_none(ipv6.map(|address| address.to_string())))?;
        if let Some(mac) = link.mac {
            writeln!(out, "   MAC = {mac}\n   MAC broadcast = ff:ff:ff:ff:ff:ff")?;
        }
        writeln!(out, "   State = {}", state(link))?;
        writeln!(out, "   Seen up = {}", u8::from(*counts_up))?;
        writeln!(out, "   Delayed state change running = {}", *counts_up != link.is_up())?;
        writeln!(out, "   Up debounce timer = {}us", up.as_micros())?;
        writeln!(out, "   Down debounce timer = {}us", down.as_micros())?;
        if let Some((kind, base)) = owners.get(&link.name) {
            let base_is = links.iter().find(|status| status.link.name == **base);
            let base_is = base_is.map_or_else(|| "DOWN".into(), |status| state(&status.link));
            writeln!(out, "   {kind} underlying interface = {base}, state = {base_is}")?;
            writeln!(out, "   I/f created by keepalived")?;
        }
        let kind = match (link.loopback, link.mac) {
            (true, _) => "LOOPBACK",
            (false, Some(_)) => "ETHERNET",
            (false, None) => "UNKNOWN",
        };
        writeln!(out, "   MTU = {}\n   HW Type = {kind}\n   NIC netlink status update", link.mtu)?;
        if let Some(trackers) = trackers.get(&link.name) {
            writeln!(out, "   Tracking VRRP instances :")?;
            trackers.iter().try_for_each(|(name, weight)| writeln!(out, "     {name}, weight {weight}"))?;
        }
    }
    Ok(())
}

/// `UP, RUNNING, no broadcast, loopback, no multicast`.
fn state(link: &Link) -> String {
    let mut words = vec![if link.admin_up { "UP" } else { "DOWN" }];
    let mut also = |word, is: bool| words.extend(is.then_some(word));
    also("RUNNING", link.running);
    also("no broadcast", link.loopback);
    also("loopback", link.loopback);
    also("no multicast", !link.multicast);
    words.join(", ")
}

/// Who looks at which link: those that are on it, and those that track it.
fn trackers(config: &Config) -> BTreeMap<&LinkName, Vec<(&str, String)>> {
    let mut found: BTreeMap<&LinkName, Vec<(&str, String)>> = BTreeMap::new();
    for instance in &config.instances {
        let own = instance.own_link.as_ref().map(|own| &own.link.name);
        let tracked = |link: &LinkName| instance.track_links.iter().any(|track| track.link == *link);
        let on = [instance.link.as_ref(), own].into_iter().flatten();
        for link in on.filter(|link| !tracked(link)) {
            found.entry(link).or_default().push((&instance.name, "0".into()));
        }
        for track in &instance.track_links {
            found.entry(&track.link).or_default().push((&instance.name, weight(track.weight)));
        }
    }
    found
}

/// Links that an instance made, each with what it is and the link below it.
fn owners(config: &Config) -> BTreeMap<&LinkName, (&'static str, &LinkName)> {
    let mut found = BTreeMap::new();
    for instance in &config.instances {
        if let Some(own) = &instance.own_link {
            let kind = match own.link.kind {
                VirtualLinkKind::Vmac(_) => "VMAC type private,",
                VirtualLinkKind::Ipvlan(_) => "IPVLAN",
            };
            found.insert(&own.link.name, (kind, &own.link.base));
        }
    }
    found
}
