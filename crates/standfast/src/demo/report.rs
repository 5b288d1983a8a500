//! What the demo found, for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::measure::Measured;
use super::sighting::Node;
use super::terms::{Bound, seconds};

/// The whole of it.
#[derive(Serialize, Debug)]
pub(crate) struct Report {
    /// The daemon that was shown.
    pub(super) daemon: String,
    /// What it calls itself.
    pub(super) version: String,
    /// In the order of the play.
    pub(super) takeovers: Vec<Takeover>,
    /// Over all.
    pub(super) requests: Requests,
    /// Every takeover was within its bound.
    pub(crate) passed: bool,
    /// Where the daemons' logs are, if that was not so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logs: Option<String>,
}

/// One takeover. Times count from the cause, in seconds; `null` is what was not seen.
#[derive(Serialize, Debug)]
pub(super) struct Takeover {
    pub(super) name: &'static str,
    pub(super) cause: String,
    pub(super) new_master: &'static str,
    /// Until the first advert of the new master.
    #[serde(serialize_with = "in_seconds", rename = "takeover_seconds")]
    pub(super) takeover: Option<Duration>,
    /// What the configuration allows for that.
    #[serde(serialize_with = "in_seconds", rename = "bound_seconds")]
    pub(super) bound: Option<Duration>,
    pub(super) formula: String,
    pub(super) within_bound: bool,
    /// Until the kernel of the new master had the address.
    #[serde(serialize_with = "in_seconds", rename = "address_seconds")]
    pub(super) address: Option<Duration>,
    /// Until the first gratuitous ARP.
    #[serde(serialize_with = "in_seconds", rename = "announced_seconds")]
    pub(super) announced: Option<Duration>,
    /// Until the new master answered the client.
    #[serde(serialize_with = "in_seconds", rename = "answered_seconds")]
    pub(super) answered: Option<Duration>,
    /// From the client's last answer to the next.
    #[serde(serialize_with = "in_seconds", rename = "outage_seconds")]
    pub(super) outage: Option<Duration>,
    pub(super) requests_lost: usize,
}

/// Requests of the client since it was first answered.
#[derive(Serialize, Debug, Default, Clone, Copy)]
pub(super) struct Requests {
    pub(super) answered: usize,
    pub(super) lost: usize,
}

impl Takeover {
    pub(super) fn of(name: &'static str, cause: String, to: Node, bound: Bound, measured: &Measured) -> Self {
        let Measured { takeover, address, announced, answered, outage, lost } = measured.clone();
        let Bound { limit, formula } = bound;
        let within_bound = measured.is_complete() && takeover.is_some_and(|takeover| takeover <= limit);
        let requests_lost = if outage.is_some() { lost } else { 0 };
        Self {
            name,
            cause,
            new_master: to.letter(),
            takeover,
            bound: Some(limit),
            formula,
            within_bound,
            address,
            announced,
            answered,
            outage,
            requests_lost,
        }
    }
}

impl Report {
    /// One JSON object, ended by a newline.
    pub(crate) fn json(&self) -> String {
        // Numbers and strings alone: there is nothing in it that JSON could not say.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// A table with its footnotes.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("\nReport: {} ({})\n\n", self.version, self.daemon);
        let _ = writeln!(text, "      {:44} master  takeover    bound   outage", "cause");
        for (number, one) in (1..).zip(&self.takeovers) {
            let _ = writeln!(
                text,
                "  {number}.  {:44} {:6} {:>9} {:>8} {:>8}  {}",
                one.cause,
                one.new_master,
                told(one.takeover),
                told(one.bound),
                outage(one.outage),
                if one.within_bound { "ok" } else { "NOT WITHIN THE BOUND" },
            );
        }
        text.push_str("\n  bound, from the two files:\n");
        for (number, one) in (1..).zip(&self.takeovers) {
            let _ = writeln!(text, "  {number}.  {}", one.formula);
        }
        let Requests { answered, lost } = self.requests;
        let _ = writeln!(
            text,
            "\n  takeover: from the cause to the first advert of the new master, seen on the wire\n  \
             outage: from the client's last answer to the next; {answered} requests answered, {lost} lost\n"
        );
        let verdict = if self.passed {
            "every takeover within its bound"
        } else {
            "NOT every takeover within its bound"
        };
        let logs =
            self.logs.as_ref().map_or_else(String::new, |logs| format!("; the daemons' logs are in {logs}"));
        text + "  " + verdict + &logs + "\n"
    }
}

fn outage(time: Option<Duration>) -> String {
    if time == Some(Duration::ZERO) { "none".to_owned() } else { told(time) }
}

fn told(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{:.3} s", time.as_secs_f64()))
}

#[expect(clippy::ref_option, reason = "the shape is serde's")]
fn in_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        // To the microsecond, which is as good as the observation.
        Some(time) => serializer.serialize_f64((time.as_secs_f64() * 1e6).round() / 1e6),
        None => serializer.serialize_none(),
    }
}

/// A time in a sentence.
pub(super) fn brief(time: Duration) -> String {
    seconds(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(takeover: Option<Duration>) -> Report {
        let bound = Bound { limit: Duration::from_millis(3748), formula: "three and a bit".to_owned() };
        let seen = Some(Duration::from_millis(3700));
        let measured =
            Measured { takeover, address: seen, announced: seen, answered: seen, outage: seen, lost: 7 };
        let one = Takeover::of("power-off", "node a loses power".to_owned(), Node::B, bound, &measured);
        let passed = one.within_bound;
        let requests = Requests { answered: 1000, lost: 7 };
        let (daemon, version) = ("/usr/sbin/keepalived".to_owned(), "v0".to_owned());
        Report { daemon, version, takeovers: vec![one], requests, passed, logs: None }
    }

    #[test]
    fn a_takeover_counts_only_within_its_bound() {
        assert!(report(Some(Duration::from_millis(3748))).passed);
        assert!(!report(Some(Duration::from_millis(3749))).passed);
        assert!(!report(None).passed);
    }

    #[test]
    fn the_report_can_be_read_by_a_program() {
        let json: serde_json::Value =
            serde_json::from_str(&report(Some(Duration::from_micros(3_650_123))).json()).unwrap();
        assert_eq!(json["takeovers"][0]["takeover_seconds"], 3.650123);
        assert_eq!(json["takeovers"][0]["within_bound"], true);
        assert_eq!(json["requests"]["lost"], 7);
    }

    #[test]
    fn the_report_says_aloud_what_was_too_late() {
        let text = report(Some(Duration::from_millis(3749))).text();
        assert!(text.contains("NOT WITHIN THE BOUND") && text.contains("three and a bit"), "{text}");
    }
}
