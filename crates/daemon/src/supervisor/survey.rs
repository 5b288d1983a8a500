//! Asking the workers how they stand, for dumps and for the control socket. One question answers all who wait.

use host::Instant;
use worker::bus::{ToBfd, ToCheck, ToWorker};

use super::Supervisor;

/// What the workers were asked, and have answered so far.
#[derive(Debug, Default)]
pub(super) struct Survey {
    awaits_vrrp: bool,
    awaits_bfd: bool,
    awaits_check: bool,
    vrrp: Option<vrrp::Status>,
    bfd: Option<bfd::Status>,
    check: Option<check::Status>,
}

/// How the workers stand; `None` for one that is not there, or does not say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Statuses {
    pub(super) vrrp: Option<vrrp::Status>,
    pub(super) bfd: Option<bfd::Status>,
    pub(super) check: Option<check::Status>,
}

impl Survey {
    const fn is_awaiting(&self) -> bool {
        self.awaits_vrrp || self.awaits_bfd || self.awaits_check
    }
}

impl Supervisor {
    /// Asks, unless it was asked already. What comes goes to [`Supervisor::tell_status`].
    pub(super) fn survey(&mut self, now: Instant) {
        if self.survey.is_awaiting() {
            return;
        }
        self.survey = Survey {
            awaits_vrrp: self.vrrp.seat.pid().is_some(),
            awaits_bfd: self.bfd.seat.pid().is_some(),
            awaits_check: self.check.seat.pid().is_some(),
            ..Survey::default()
        };
        self.vrrp.tell(ToWorker::TellStatus);
        self.bfd.tell(ToBfd::TellStatus);
        self.check.tell(ToCheck::TellStatus);
        self.conclude_survey(now);
    }

    /// The vrrp worker has said how it stands, or cannot any more.
    pub(super) fn vrrp_told(&mut self, status: Option<vrrp::Status>, now: Instant) {
        if std::mem::take(&mut self.survey.awaits_vrrp) {
            self.survey.vrrp = status;
            self.conclude_survey(now);
        }
    }

    /// The bfd worker has said how it stands, or cannot any more.
    pub(super) fn bfd_told(&mut self, status: Option<bfd::Status>, now: Instant) {
        if std::mem::take(&mut self.survey.awaits_bfd) {
            self.survey.bfd = status;
            self.conclude_survey(now);
        }
    }

    /// The check worker has said how it stands, or cannot any more.
    pub(super) fn check_told(&mut self, status: Option<check::Status>, now: Instant) {
        if std::mem::take(&mut self.survey.awaits_check) {
            self.survey.check = status;
            self.conclude_survey(now);
        }
    }

    fn conclude_survey(&mut self, now: Instant) {
        if !self.survey.is_awaiting() {
            let Survey { vrrp, bfd, check, .. } = std::mem::take(&mut self.survey);
            self.tell_status(Statuses { vrrp, bfd, check }, now);
        }
    }
}
