//! The neighbour has fallen silent (RFC 5880 §6.8.4).

use super::{Remote, Session, State, Turn};
use crate::notice::SessionFact;
use crate::wire::{Diagnostic, SessionState};

impl Session {
    /// The detection time has passed without a packet (RFC 5880 §6.8.4).
    pub(super) fn expire(&mut self, turn: &mut Turn<'_>) {
        let (Some(heard_at), Some(after)) = (self.heard_at(), self.detection()) else { return };
        let silence = turn.now.since(heard_at);
        let state = self.state();
        if matches!(state, SessionState::Init | SessionState::Up) {
            let overdue = silence.saturating_sub(after);
            self.say(SessionFact::Expired { after, overdue }, turn);
            if state == SessionState::Up {
                self.counters.expired += 1;
                turn.gauges.detection.add(silence);
                turn.gauges.overdue.add(overdue);
            }
        }
        let said = self.remote.diagnostic;
        // RFC 5880 §6.8.1: bfd.RemoteDiscr "MUST be set to zero". §6.8.18: "it SHOULD reset bfd.RemoteMinRxInterval".
        self.remote = Remote { diagnostic: said, ..Remote::UNKNOWN };
        match &mut self.state {
            State::AdminDown(state) => state.heard_at = None,
            // Erratum 5205: silence sets the diagnostic in Down also, "so that the diagnostic tells of a link lost"
            // after the neighbour went AdminDown.
            State::Down(state) => {
                state.heard_at = None;
                self.diagnostic = Diagnostic::EXPIRED;
                self.judge_dead(turn);
            }
            State::Init(_) | State::Up(_) => {
                self.enter(SessionState::Down, Some(Diagnostic::EXPIRED), turn);
                if let State::Down(state) = &mut self.state {
                    state.heard_at = None;
                }
            }
        }
    }
}
