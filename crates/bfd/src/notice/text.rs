//! Notices as lines of the log, with Keepalived's wording where people and monitoring grep for it.

use core::fmt;
use core::time::Duration;

use host::Severity;

use super::{Notice, ReloadSummary, SessionFact};
use crate::wire::SessionState;

impl Notice {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Session { fact, .. } => fact.severity(),
            Self::Stray { .. } => Severity::Detail,
            Self::Deaf { .. } => Severity::Error,
            Self::Reloaded(_) => Severity::Info,
        }
    }
}

impl SessionFact {
    fn severity(&self) -> Severity {
        match self {
            // As keepalived: a state that goes down is a warning.
            Self::Entered { state, before, .. } => match (state, before) {
                (SessionState::Down, Some(SessionState::Init | SessionState::Up)) => Severity::Warning,
                (SessionState::AdminDown, Some(SessionState::Up)) => Severity::Warning,
                _ => Severity::Info,
            },
            Self::Expired { .. }
            | Self::EchoLost { .. }
            | Self::SendFailed { .. }
            | Self::PortRefused { .. } => Severity::Warning,
            Self::Echo { .. } => Severity::Info,
            Self::Negotiated { .. } | Self::Discarded { .. } => Severity::Detail,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session { name, fact } => {
                write!(f, "({name}) ")?;
                session(f, fact)
            }
            Self::Stray { from, why } => write!(f, "Discarding BFD packet from {from}: {why}"),
            Self::Deaf { port, why } => write!(f, "Cannot receive BFD packets on port {port}: {why}"),
            Self::Reloaded(summary) => summary.fmt(f),
        }
    }
}

impl fmt::Display for ReloadSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, adjusted, added, removed } = self;
        write!(f, "BFD sessions: {kept} kept, {adjusted} adjusted, {added} added, {removed} removed")
    }
}

fn session(f: &mut fmt::Formatter<'_>, fact: &SessionFact) -> fmt::Result {
    match fact {
        SessionFact::Entered { state, local, remote, .. } => {
            write!(f, "Entering {state} state")?;
            match state {
                SessionState::Down | SessionState::AdminDown => {
                    write!(f, " (Local diagnostic - {local}, Remote diagnostic - {remote})")
                }
                SessionState::Init | SessionState::Up => Ok(()),
            }
        }
        SessionFact::Expired { after, overdue } => {
            write!(f, "Expired after {} ms ({} usec overdue)", after.as_millis(), overdue.as_micros())
        }
        SessionFact::EchoLost { after } => {
            write!(f, "No echo packet came back for {} ms", after.as_millis())
        }
        SessionFact::Echo { active: true } => f.write_str("Starting echo packets"),
        SessionFact::Echo { active: false } => f.write_str("Stopping echo packets"),
        SessionFact::Negotiated { transmit, detection } => {
            write!(f, "Sending every {} ms, detection time {} ms", millis(*transmit), millis(*detection))
        }
        SessionFact::Discarded { from, why } => write!(f, "Discarding packet from {from}: {why}"),
        SessionFact::SendFailed { code, why } => write!(f, "Error sending packet: {why} ({code})"),
        SessionFact::PortRefused { port, why } => {
            write!(f, "Cannot use source port {port}: {why}, trying another")
        }
    }
}

/// Milliseconds with as many decimals as there are, at most three.
fn millis(duration: Duration) -> impl fmt::Display {
    struct Millis(u128);
    impl fmt::Display for Millis {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match (self.0 / 1000, self.0 % 1000) {
                (whole, 0) => write!(f, "{whole}"),
                (whole, rest) => write!(f, "{whole}.{rest:03}"),
            }
        }
    }
    Millis(duration.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{DecodeError, Diagnostic};
    use alloc::string::ToString;

    fn notice(fact: SessionFact) -> Notice {
        Notice::Session { name: "B".into(), fact }
    }

    fn entered(state: SessionState, before: Option<SessionState>) -> Notice {
        let (local, remote) = (Diagnostic::EXPIRED, Diagnostic::NONE);
        notice(SessionFact::Entered { state, before, local, remote })
    }

    /// As keepalived: `(B) Entering Up|Down|Init|AdminDown state[ (Local diagnostic - …, Remote diagnostic - …)]`,
    /// and down is a warning.
    #[test]
    fn a_change_of_state_is_logged_in_keepalived_s_words() {
        use SessionState::{AdminDown, Down, Init, Up};
        let down = entered(Down, Some(Up));
        assert_eq!(
            down.to_string(),
            "(B) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No \
             Diagnostic)"
        );
        assert_eq!(down.severity(), Severity::Warning);
        assert_eq!(entered(Down, None).severity(), Severity::Info);
        let admin_down = entered(AdminDown, Some(Up));
        assert!(admin_down.to_string().starts_with("(B) Entering AdminDown state (Local"));
        assert_eq!(admin_down.severity(), Severity::Warning);
        for (state, text) in [(Init, "(B) Entering Init state"), (Up, "(B) Entering Up state")] {
            assert_eq!(entered(state, Some(Down)).to_string(), text);
            assert_eq!(entered(state, Some(Down)).severity(), Severity::Info);
        }
    }

    /// As keepalived: `(B) Expired after N ms (M usec overdue)`.
    #[test]
    fn an_expiry_is_logged_in_keepalived_s_words() {
        let fact =
            SessionFact::Expired { after: Duration::from_millis(50), overdue: Duration::from_micros(73) };
        let expired = notice(fact);
        assert_eq!(expired.to_string(), "(B) Expired after 50 ms (73 usec overdue)");
        assert_eq!(expired.severity(), Severity::Warning);
    }

    #[test]
    fn other_facts_are_one_line_each() {
        let from = [192, 0, 2, 2].into();
        let stray = Notice::Stray { from, why: DecodeError::NoSuchSession };
        assert_eq!(
            stray.to_string(),
            "Discarding BFD packet from 192.0.2.2: no session is configured for it"
        );
        let negotiated = SessionFact::Negotiated {
            transmit: Duration::from_micros(12_500),
            detection: Duration::from_millis(50),
        };
        assert_eq!(notice(negotiated).to_string(), "(B) Sending every 12.500 ms, detection time 50 ms");
        let discarded = SessionFact::Discarded { from, why: DecodeError::Ttl(Some(254)) };
        assert_eq!(
            notice(discarded).to_string(),
            "(B) Discarding packet from 192.0.2.2: TTL/hop limit 254 is too low"
        );
    }
}
