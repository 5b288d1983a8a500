//! What the two configuration files promise, and how long each takeover may take by them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use config::{Assumed, InMemory, Request};
use vrrp::config::{Authentication, InstanceConfig, Version, Vrid, Weight};

use super::DemoError;
use super::sighting::Node;

/// Between a cause and what is seen of it on a busy machine: a script that starts, a process that wakes up, a clock
/// that is read a little later.
const SLACK: Duration = Duration::from_millis(100);
/// From the start of a program to its first look at the wire.
const START: Duration = Duration::from_millis(500);

/// The configuration of the pair, as far as the demo must know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Terms {
    pub(super) version: Version,
    pub(super) vrid: Vrid,
    pub(super) interval: Duration,
    pub(super) authentication: Authentication,
    /// The virtual address.
    pub(super) address: Ipv4Addr,
    down_timer_adverts: u8,
    script: ScriptTerms,
    /// Base priority of both, the script being good.
    priority: [u8; 2],
}

/// The script that looks after the web service.
#[derive(Clone, PartialEq, Eq, Debug)]
struct ScriptTerms {
    interval: Duration,
    rise: u32,
    fall: u32,
}

/// How long something may take, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bound {
    pub(super) limit: Duration,
    pub(super) formula: String,
}

impl Terms {
    /// Reads both files.
    pub(super) fn read(a: &str, b: &str) -> Result<Self, DemoError> {
        let (a, script) = instance(a)?;
        let (b, _) = instance(b)?;
        let address = match a.addresses.first().map(|one| one.prefix.address()) {
            Some(IpAddr::V4(address)) => address,
            Some(IpAddr::V6(_)) | None => return Err(DemoError::Pair("it has no IPv4 address")),
        };
        Ok(Self {
            version: a.version,
            vrid: a.vrid,
            interval: a.interval,
            down_timer_adverts: a.down_timer_adverts,
            priority: [priority(&a.track_scripts, a.priority.0), priority(&b.track_scripts, b.priority.0)],
            authentication: a.authentication,
            address,
            script,
        })
    }

    /// Priority of a node whose service is well.
    pub(super) fn priority(&self, node: Node) -> u8 {
        let [a, b] = self.priority;
        match node {
            Node::A => a,
            Node::B => b,
        }
    }

    /// Nodes were switched on, and `to` is to be master.
    pub(super) fn after_start(&self, to: Node) -> Bound {
        Bound::sum(&[(START, "start of the daemon".to_owned()), self.master_down(to)])
    }

    /// The master fell silent.
    pub(super) fn after_silence(&self, to: Node) -> Bound {
        Bound::sum(&[self.master_down(to)])
    }

    /// The service of the master failed: the script must notice, then the other one no longer yields to it.
    pub(super) fn after_failure(&self, to: Node) -> Bound {
        Bound::sum(&[self.noticed("fall", self.script.fall), self.master_down(to)])
    }

    /// The service of the better node is back.
    pub(super) fn after_recovery(&self, to: Node) -> Bound {
        Bound::sum(&[self.noticed("rise", self.script.rise), self.master_down(to)])
    }

    fn noticed(&self, word: &str, times: u32) -> (Duration, String) {
        let interval = self.script.interval;
        (interval * times, format!("script ({word} {times} x {})", seconds(interval)))
    }

    /// RFC 9568 §6.1: three intervals of the master and the skew time; RFC 3768 §6.1: whose skew is a share of a
    /// second. The time runs from the last advert that the backup yielded to.
    fn master_down(&self, node: Node) -> (Duration, String) {
        let share = match self.version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => self.interval,
        };
        let missing = 256 - u32::from(self.priority(node));
        let (adverts, interval) = (u32::from(self.down_timer_adverts), self.interval);
        let time = interval * adverts + share * missing / 256;
        let text = format!(
            "master-down of {} ({adverts} x {} + {missing}/256 x {})",
            node.letter(),
            seconds(interval),
            seconds(share)
        );
        (time, text)
    }
}

impl Bound {
    fn sum(parts: &[(Duration, String)]) -> Self {
        let limit = parts.iter().map(|(time, _)| *time).sum::<Duration>() + SLACK;
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        let formula = format!("{} + {} slack = {}", texts.join(" + "), seconds(SLACK), seconds(limit));
        Self { limit, formula }
    }
}

/// In seconds to the millisecond, without zeros that say nothing.
pub(super) fn seconds(time: Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The one virtual router of a file, and the script that it tracks.
fn instance(text: &str) -> Result<(InstanceConfig, ScriptTerms), DemoError> {
    let files = InMemory::one("keepalived.conf", text.as_bytes());
    let loaded = config::load(&Request::new("keepalived.conf"), &files, &Assumed::default());
    let vrrp = loaded.effective.ok_or(DemoError::Pair("it cannot be read"))?.vrrp;
    let script = vrrp.scripts.first().ok_or(DemoError::Pair("it has no script"))?;
    let script = ScriptTerms { interval: script.interval, rise: script.rise, fall: script.fall };
    let instance = vrrp.instances.into_iter().next().ok_or(DemoError::Pair("it has no virtual router"))?;
    Ok((instance, script))
}

/// A positive weight is added while the script is good (`track_script`).
fn priority(tracked: &[vrrp::config::TrackScript], base: u8) -> u8 {
    let added: i16 = tracked
        .iter()
        .map(|one| match one.weight {
            Weight::Points { points, reverse: false } => points.max(0),
            Weight::Points { points, reverse: true } => points.min(0),
            Weight::Fault { .. } => 0,
        })
        .sum();
    u8::try_from((i16::from(base) + added).clamp(1, 254)).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms {
            version: Version::V2,
            vrid: Vrid::new(51).unwrap(),
            interval: Duration::from_secs(1),
            authentication: Authentication::Password(*b"1111\0\0\0\0"),
            address: Ipv4Addr::new(192, 0, 2, 100),
            down_timer_adverts: 3,
            script: ScriptTerms { interval: Duration::from_secs(1), rise: 2, fall: 2 },
            priority: [100, 90],
        }
    }

    /// RFC 3768 §6.1: "Master_Down_Interval … (3 * Advertisement_Interval) + Skew_time", "Skew_Time …
    /// ( (256 - Priority) / 256 )".
    #[test]
    fn a_silent_master_is_replaced_within_the_master_down_time() {
        let bound = terms().after_silence(Node::B);
        assert_eq!(bound.limit, Duration::from_nanos(3_648_437_500) + SLACK);
        assert_eq!(bound.formula, "master-down of b (3 x 1 s + 166/256 x 1 s) + 0.1 s slack = 3.748 s");
    }

    #[test]
    fn a_failed_service_takes_its_script_longer() {
        let bound = terms().after_failure(Node::B);
        assert_eq!(bound.limit, Duration::from_nanos(5_648_437_500) + SLACK);
    }

    /// RFC 9568 §6.1: "Skew_Time … (((256 - priority) * Active_Adver_Interval) / 256)".
    #[test]
    fn the_skew_of_version_3_is_a_share_of_the_interval() {
        let terms = Terms { version: Version::V3, interval: Duration::from_millis(200), ..terms() };
        assert_eq!(terms.after_silence(Node::A).limit, Duration::from_micros(721_875) + SLACK);
    }

    #[test]
    fn the_pair_of_the_examples_is_understood() {
        let read = Terms::read(super::super::cast::FILES[0], super::super::cast::FILES[1]).unwrap();
        assert_eq!(read, terms());
    }
}
