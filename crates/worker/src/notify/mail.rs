//! Alerts: what is mailed about a change of state, in Keepalived's words.

use serde::{Deserialize, Serialize};
use vrrp::notice::State;

use super::news::{Kind, News, What};

/// What is to be mailed. Whoever sends it puts the router's name before it, and leaves out what says the same of the
/// same as the one before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Of whom: the first half of the subject.
    pub about: String,
    /// What: the second half.
    pub what: String,
    /// The line below.
    pub body: String,
    /// It is about a fault, of which some want no mail (`no_email_faults`).
    pub fault: bool,
}

/// The alert for a piece of news; none for what is no change of state.
///
/// ```text
/// VRRP Instance VI_1 - Entering MASTER state
/// => VRRP Instance is now owning VRRP VIPs <=
/// ```
pub fn alert(news: &News<'_>) -> Option<Alert> {
    let state = match news.what {
        What::Entered(state, _) => state,
        What::StillMaster(_) | What::LowerPriorityHeard(_) | What::PriorityChanged { .. } => return None,
    };
    let entering = || format!("Entering {state} state");
    let (what, says) = match (news.kind, state) {
        (_, State::Init) => return None,
        (Kind::Instance, State::Master) => (entering(), "VRRP Instance is now owning VRRP VIPs".into()),
        (Kind::Instance, State::Backup | State::Fault) => {
            (entering(), "VRRP Instance is no longer owning VRRP VIPs".into())
        }
        (Kind::Instance, State::Stop) => ("Stopping".into(), "VRRP Instance stopping".into()),
        (Kind::Instance | Kind::Group, State::Deleted) => ("Deleted".into(), "VRRP Deleted at reload".into()),
        (Kind::Group, State::Master | State::Backup | State::Fault) => {
            (entering(), format!("All VRRP group instances are now in {state} state"))
        }
        (Kind::Group, State::Stop) => {
            ("Stopping".into(), "All VRRP group instances are now stopping".to_owned())
        }
    };
    let kind = match news.kind {
        Kind::Instance => "Instance",
        Kind::Group => "Group",
    };
    let about = format!("VRRP {kind} {}", news.name);
    Some(Alert { about, what, body: format!("=> {says} <="), fault: state == State::Fault })
}

#[cfg(test)]
mod tests {
    use vrrp::config::Priority;

    use super::*;

    fn entered(kind: Kind, name: &str, state: State) -> Alert {
        let what = What::Entered(state, Priority::RELEASE);
        alert(&News { kind, name, what }).expect("it is a change")
    }

    /// monitoring §6. Recorded from keepalived 2.2.7: an instance and a group through their states, and a removal.
    /// It ends before it can send what it says at a stop.
    #[test]
    fn alerts_have_keepalived_s_words() {
        let recorded = include_str!("mail/keepalived-2.2.7.txt");
        let mut told = 0;
        for (kind, name) in [(Kind::Instance, "I1"), (Kind::Group, "G1"), (Kind::Instance, "IX")] {
            for state in [State::Backup, State::Master, State::Fault, State::Stop, State::Deleted] {
                let Alert { about, what, body, fault } = entered(kind, name, state);
                assert_eq!(fault, state == State::Fault);
                told += usize::from(recorded.contains(&format!("{about} - {what}\n{body}\n")));
            }
        }
        assert_eq!(told, recorded.lines().count() / 2, "each of the recorded, once");
    }

    /// cli-and-files §7.
    #[test]
    fn a_stop_is_told_as_such() {
        let of = |kind| entered(kind, "X", State::Stop);
        assert_eq!(of(Kind::Instance).what, "Stopping");
        assert_eq!(of(Kind::Instance).body, "=> VRRP Instance stopping <=");
        assert_eq!(of(Kind::Group).body, "=> All VRRP group instances are now stopping <=");
    }

    #[test]
    fn what_is_no_change_is_not_mailed() {
        let whats = [
            What::Entered(State::Init, Priority::RELEASE),
            What::StillMaster(Priority::RELEASE),
            What::LowerPriorityHeard(Priority::RELEASE),
            What::PriorityChanged { master: true, priority: Priority::RELEASE },
        ];
        for what in whats {
            assert_eq!(alert(&News { kind: Kind::Instance, name: "X", what }), None);
        }
    }
}
