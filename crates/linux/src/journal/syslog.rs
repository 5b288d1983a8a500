//! The system's log: RFC 3164 lines in datagrams to its socket.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use host::Severity;

use super::Put;
use crate::clock::WallTime;

/// Which part of the system speaks (RFC 3164 §4.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Facility {
    /// User-level messages.
    User,
    /// System daemons.
    #[default]
    Daemon,
    /// Local use, 0 to 7; a higher number counts as 7.
    Local(u8),
}

impl Facility {
    fn number(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Daemon => 3,
            Self::Local(number) => 16 + number.min(7),
        }
    }
}

#[derive(Debug)]
pub(super) struct Syslog {
    path: PathBuf,
    facility: Facility,
    /// Ident and process number, as they stand in each line.
    tag: String,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    pub(super) fn new(path: &Path, facility: Facility, ident: &str) -> Self {
        let tag = format!("{ident}[{}]", std::process::id());
        Self { path: path.to_path_buf(), facility, tag, socket: None }
    }

    pub(super) fn format(&self, severity: Severity, now: WallTime, line: &str) -> Vec<u8> {
        let priority = self.facility.number() * 8 + level(severity);
        format!("<{priority}>{} {}: {line}", now.local(), self.tag).into_bytes()
    }

    /// A log daemon that was restarted has a new socket: connects anew, once an attempt.
    pub(super) fn put(&mut self, entry: &[u8]) -> Put {
        if let Some(socket) = &self.socket {
            match send(socket, entry) {
                Some(put) => return put,
                None => self.socket = None,
            }
        }
        let Some(socket) = connect(&self.path) else { return Put::Later };
        let put = send(&socket, entry).unwrap_or(Put::Later);
        self.socket = Some(socket);
        put
    }
}

fn connect(path: &Path) -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.connect(path).ok()?;
    Some(socket)
}

/// `None` if nobody listens at the other end any more.
fn send(socket: &UnixDatagram, entry: &[u8]) -> Option<Put> {
    match socket.send(entry) {
        Ok(_) => Some(Put::Done),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Some(Put::Later),
        Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Some(Put::Later),
        Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => Some(Put::Never),
        Err(_) => None,
    }
}

/// RFC 3164 §4.1.1: the severity's number.
fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Alert => 1,
        Severity::Error => 3,
        Severity::Warning => 4,
        Severity::Notice => 5,
        Severity::Info | Severity::Detail => 6,
    }
}
