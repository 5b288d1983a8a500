//! Exit statuses, all of them. The numbers are upstream's.

use std::process::ExitCode;

/// Why a process of the daemon ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It was asked to, or there was nothing to do.
    Normal,
    /// It cannot go on, or the command line makes no sense.
    Fatal,
    /// The system does not let it do its work.
    Permission,
    /// Something that cannot happen has: starting again may help.
    Broken,
    /// There is no descriptor or no memory for it now: starting again helps when there is.
    Shortage,
    /// The configuration cannot be used, or does not pass its test: 2, 4, 5 or 6.
    Configuration(u8),
    /// A child ended with this status, and so do we.
    Child(u8),
}

/// `EX_TEMPFAIL`
const SHORTAGE: u8 = 75;

impl Exit {
    /// The number.
    pub const fn status(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Fatal => 1,
            Self::Permission => 4,
            Self::Broken => 70,
            Self::Shortage => SHORTAGE,
            Self::Configuration(status) | Self::Child(status) => status,
        }
    }

    /// Whether a worker ended for want of a descriptor or memory.
    pub const fn is_shortage(status: u8) -> bool {
        status == SHORTAGE
    }

    /// How a worker's exit status is called in the log, if starting it again cannot help; the daemon ends then too.
    pub const fn permanent(status: u8) -> Option<&'static str> {
        match status {
            1 => Some("FATAL"),
            2 => Some("CONFIG"),
            4 => Some("missing permission"),
            _ => None,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}
