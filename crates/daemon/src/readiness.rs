//! What systemd is told of the daemon (`sd_notify`): one datagram each.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use host::Instant;

/// The service manager, if there is one that wants to know.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    socket: Option<UnixDatagram>,
}

impl Readiness {
    /// `socket` is `NOTIFY_SOCKET`: a path, or `@` and an abstract name.
    pub(crate) fn new(socket: Option<&OsStr>) -> Self {
        Self { socket: socket.and_then(connect) }
    }

    /// All workers have read their configuration.
    pub(crate) fn ready(&self) {
        self.tell(&format!("READY=1\nMAINPID={}", std::process::id()));
    }

    /// A reload begins. [`Self::ready`] ends it.
    pub(crate) fn reloading(&self, now: Instant) {
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.as_nanos() / 1000));
    }

    /// The stop begins.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// A worker ended for good, with this system error.
    pub(crate) fn failed(&self, code: i32) {
        self.tell(&format!("ERRNO={code}"));
    }

    fn tell(&self, text: &str) {
        if let Some(socket) = &self.socket {
            // A manager that does not read gets no second try: it must not hold us up.
            let _ = socket.send(text.as_bytes());
        }
    }
}

fn connect(name: &OsStr) -> Option<UnixDatagram> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(name),
    };
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.connect_addr(&address.ok()?).ok()?;
    Some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manager_is_told_over_both_kinds_of_address() {
        let name = format!("standfast-readiness-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        let by_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let by_path = UnixDatagram::bind(&path).unwrap();
        for (address, manager) in [(format!("@{name}"), by_name), (path.to_str().unwrap().into(), by_path)] {
            let readiness = Readiness::new(Some(OsStr::new(&address)));
            readiness.ready();
            readiness.reloading(Instant::from_millis(5));
            let mut buffer = [0; 200];
            let mut next = || {
                let length = manager.recv(&mut buffer).unwrap();
                String::from_utf8(buffer[..length].to_vec()).unwrap()
            };
            assert_eq!(next(), format!("READY=1\nMAINPID={}", std::process::id()));
            assert_eq!(next(), "RELOADING=1\nMONOTONIC_USEC=5000");
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn without_a_manager_nothing_happens() {
        Readiness::new(None).ready();
        Readiness::new(Some(OsStr::new("/nonexistent/socket"))).ready();
    }
}
