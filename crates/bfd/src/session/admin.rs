//! What configuration and stop do to a session (RFC 5880 §6.8.16).

use core::time::Duration;

use host::Instant;

use super::{AdminDown, Session, State, Turn};
use crate::config::{AuthConfig, SessionConfig};
use crate::wire::{Diagnostic, SessionState};

/// How long a stop goes on telling a neighbour AdminDown, at most. RFC 5880 §6.8.16: "SHOULD be transmitted for at
/// least a Detection Time"; with longer detection times the stop of the daemon matters more.
const STOP_LIMIT: Duration = Duration::from_secs(1);

impl Session {
    /// Takes on another configuration of the same session, keeping state and deadlines.
    pub(crate) fn adjust(&mut self, config: SessionConfig, turn: &mut Turn<'_>) {
        let kind = |auth: &Option<AuthConfig>| auth.as_ref().map(|auth| auth.kind);
        if kind(&self.config.auth) != kind(&config.auth) {
            self.known = None;
        }
        let enabled = core::mem::replace(&mut self.config, config).enabled;
        match (enabled, self.config.enabled) {
            (true, false) => self.enter(SessionState::AdminDown, Some(Diagnostic::ADMIN_DOWN), turn),
            // RFC 5880 §6.8.16: "If enabling session: Set bfd.SessionState to Down".
            (false, true) => self.enter(SessionState::Down, None, turn),
            (true, true) | (false, false) => self.retime(),
        }
    }

    /// The daemon stops. RFC 5880 §6.8.16: "Set bfd.SessionState to AdminDown. Set bfd.LocalDiag to an appropriate
    /// value. Cease the transmission of BFD Echo packets".
    ///
    /// Differs: Keepalived says nothing at its end, and its neighbours find out by their detection time.
    pub(crate) fn stop(&mut self, turn: &mut Turn<'_>) {
        let reckoned = if self.is_up() { self.remote_detection().min(STOP_LIMIT) } else { Duration::ZERO };
        if self.state() != SessionState::AdminDown {
            self.enter(SessionState::AdminDown, Some(Diagnostic::ADMIN_DOWN), turn);
        }
        if let State::AdminDown(state) = &mut self.state {
            state.ends_at = Some(turn.now + reckoned);
        }
    }

    /// Whether a stop is over.
    pub(crate) fn has_ended(&self, now: Instant) -> bool {
        matches!(self.state, State::AdminDown(AdminDown { ends_at: Some(at), .. }) if at <= now)
    }
}
