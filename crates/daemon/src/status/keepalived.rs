//! The texts that Keepalived writes about itself: statistics, JSON, data. Field names and layout are upstream's.

mod bfd;
mod check;
mod data;
mod globals;
mod json;
mod route;
mod stats;

use std::time::Duration;

use config::Effective;
use host::{Instant, LinkName, Prefix};
use linux::clock::WallTime;
use vrrp::config::{InstanceConfig, VirtualAddress};
use vrrp::notice::State;
use vrrp::status::InstanceStatus;

pub use self::bfd::bfd;
pub use self::check::check;
pub use data::data;
pub use globals::globals;
pub use json::json;
pub use stats::stats;

/// What there is to write about.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// How all stands.
    pub status: &'a vrrp::Status,
    /// How the BFD sessions stand, if somebody knows.
    pub bfd: Option<&'a ::bfd::Status>,
    /// How the virtual servers stand, if somebody knows.
    pub check: Option<&'a ::check::Status>,
    /// What is obeyed.
    pub effective: &'a Effective,
    /// When.
    pub moment: Moment,
}

impl Report<'_> {
    /// What the engine obeys.
    fn config(&self) -> &vrrp::Config {
        &self.effective.vrrp
    }
}

/// The present on both clocks, to tell a time of day from one of the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// On the monotonic clock.
    pub now: Instant,
    /// The time of day then.
    pub wall: WallTime,
}

impl Moment {
    /// Microseconds since 1970 of a time on the monotonic clock.
    fn micros(self, at: Instant) -> i64 {
        let wall = self.wall.seconds * 1_000_000 + i64::from(self.wall.nanos / 1000);
        wall - i64::try_from(self.now.since(at).as_micros()).unwrap_or(0)
    }
}

/// The configuration that goes with an instance's status.
fn config_of<'a>(status: &InstanceStatus, config: &'a vrrp::Config) -> Option<&'a InstanceConfig> {
    config.instances.iter().find(|instance| instance.name == status.name)
}

/// An address as upstream writes it: `10.0.0.1/24 brd 10.0.0.255 dev eth0 scope global label eth0:1 set`.
fn address(address: &VirtualAddress, instance: &InstanceConfig, status: &InstanceStatus) -> String {
    let own = instance.own_link.as_ref().map(|own| &own.link).filter(|_| address.link.is_none());
    let link = own.map(|own| &own.name).or(address.link.as_ref()).or(instance.link.as_ref());
    let mut text = prefix(address.prefix);
    if let Some(broadcast) = address.broadcast {
        text += &format!(" brd {broadcast}");
    }
    if let Some(link) = link {
        let base = own.map_or_else(String::new, |own| format!("@{}", own.base));
        text += &format!(" dev {link}{base}");
    }
    text += &format!(" scope {}", scope(address.scope));
    if let Some(label) = &address.label {
        text += &format!(" label {label}");
    }
    if address.prefix.address().is_ipv6() {
        text += match address.preferred_lifetime {
            None => " preferred_lft forever",
            Some(0) => " deprecated",
            Some(_) => "",
        };
        if let Some(seconds @ 1..) = address.preferred_lifetime {
            text += &format!(" preferred_lft {seconds}");
        }
    }
    if link.is_some_and(|link| is_set(address.prefix, link, status)) {
        text += " set";
    }
    text
}

/// Whether the kernel has it.
fn is_set(prefix: Prefix, link: &LinkName, status: &InstanceStatus) -> bool {
    status.addresses.iter().any(|(has, on, set)| *has == prefix && on == link && *set)
}

/// As upstream: the length of a whole address is not written.
fn prefix(prefix: Prefix) -> String {
    if prefix.length() == prefix.family().bits() { prefix.address().to_string() } else { prefix.to_string() }
}

/// `iproute2`'s names of scopes.
fn scope(scope: u8) -> String {
    match scope {
        0 => "global".into(),
        200 => "site".into(),
        253 => "link".into(),
        254 => "host".into(),
        255 => "nowhere".into(),
        other => other.to_string(),
    }
}

/// A command with each word in single quotes.
fn quoted(command: &host::Command) -> String {
    command.argv.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}

/// What an instance wants to be, as upstream has it: what it is, once it is something.
fn wanted(status: &InstanceStatus, config: &InstanceConfig) -> State {
    match status.state {
        State::Backup | State::Master | State::Fault => status.state,
        State::Init | State::Stop | State::Deleted if config.wants_master => State::Master,
        State::Init | State::Stop | State::Deleted => State::Backup,
    }
}

/// Upstream's master-down time: three intervals and the skew (RFC 9568 §6.1).
fn master_down(config: &InstanceConfig, status: &InstanceStatus) -> Duration {
    let interval = status.interval;
    let skew = interval * (256 - u32::from(status.effective_priority.0)) / 256;
    interval * u32::from(config.down_timer_adverts) + skew
}

#[cfg(test)]
mod tests;
