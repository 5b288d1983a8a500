//! The control socket: how the operator's tool asks the daemon.
//!
//! A stream socket beside the pid file, with its name but for the end: `/run/keepalived.pid` makes `/run/keepalived.sock`.
//! So daemons that share a file system have sockets of their own as they have pid files of their own. Only root may
//! connect. A request is one line, an answer one line of JSON; a connection may ask again.
//!
//! | Request | Answer |
//! |---|---|
//! | `status` | [`crate::status::DaemonStatus`] |
//! | anything else | `{"error":"…"}` |

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use host::{Instant, Severity};
use linux::{Interest, Poll, Token, privilege, process};

use super::Supervisor;
use super::reserve::Reserve;
use super::survey::Statuses;
use crate::status::DaemonStatus;

/// Most connections at once: an operator, a display, a monitoring agent or two.
const MAX_CLIENTS: usize = 32;
/// Longest request.
const MAX_REQUEST: usize = 256;
/// Most bytes that wait for a client that does not read; then it is let go.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// How long nobody is listened to when there is no descriptor, not even to turn somebody away.
const REST: Duration = Duration::from_secs(1);
/// How long a worker has to say how it stands. After that the answer goes without it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the control socket of the daemon with this pid file is.
pub fn socket_path(pid_file: &Path) -> PathBuf {
    if pid_file.extension().is_some_and(|extension| extension == "pid") {
        pid_file.with_extension("sock")
    } else {
        let mut name = pid_file.as_os_str().to_owned();
        name.push(".sock");
        name.into()
    }
}

/// The socket and who is connected.
#[derive(Debug)]
pub(super) struct Control {
    listener: UnixListener,
    path: PathBuf,
    token: Token,
    clients: BTreeMap<u32, Client>,
    next: u32,
    /// Nobody is listened to until then.
    rests: Option<Instant>,
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    /// It asked for the status, and gets it then at the latest.
    waits: Option<Instant>,
}

/// What a client asked.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Request {
    Status,
    Unknown(String),
}

impl Control {
    /// Listens. A socket that an earlier life left behind is replaced: the pid file is ours, so this is too.
    pub(super) fn open(path: &Path, poll: &mut Poll, token: Token) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Not for a moment should others be able to connect.
        let mask = privilege::set_umask(0o177);
        let listener = UnixListener::bind(path);
        privilege::set_umask(mask);
        let listener = listener?;
        listener.set_nonblocking(true)?;
        poll.watch(&listener, token, Interest::Read).map_err(io::Error::other)?;
        let (clients, next) = (BTreeMap::new(), token.0 + 1);
        Ok(Self { listener, path: path.to_path_buf(), token, clients, next, rests: None })
    }

    /// When there is something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.answer_at().into_iter().chain(self.rests).min()
    }

    /// When a client that waits for the status gets an answer at the latest.
    fn answer_at(&self) -> Option<Instant> {
        self.clients.values().filter_map(|client| client.waits).min()
    }

    fn accept(&mut self, poll: &mut Poll, reserve: &mut Reserve, now: Instant) {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                // Nobody else waits. It has the number of a shortage.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if process::is_shortage(&error) => {
                    // Left where it is, it would wake us at once, and again. It is turned away instead.
                    reserve.lend();
                    let turned_away = self.listener.accept().is_ok();
                    reserve.refill();
                    if turned_away {
                        continue;
                    }
                    // Somebody else of this system took what we lent.
                    poll.unwatch(&self.listener);
                    self.rests = Some(now + REST);
                    return;
                }
                Err(_) => return,
            };
            let usable = stream.set_nonblocking(true).is_ok() && self.clients.len() < MAX_CLIENTS;
            if !usable || poll.watch(&stream, Token(self.next), Interest::Read).is_err() {
                continue;
            }
            let client = Client { stream, request: Vec::new(), answer: Vec::new(), waits: None };
            self.clients.insert(self.next, client);
            // Below the tokens that the poll keeps for itself, above those that others have.
            self.next = if self.next >= u32::MAX / 4 { self.token.0 + 1 } else { self.next + 1 };
        }
    }

    /// Listens again, if that is due.
    fn rise(&mut self, poll: &mut Poll, now: Instant) {
        if self.rests.is_some_and(|until| until <= now) {
            let watched = poll.watch(&self.listener, self.token, Interest::Read);
            self.rests = watched.is_err().then(|| now + REST);
        }
    }

    /// Reads what a client asks; `None` lets it go.
    fn read(&mut self, token: Token) -> Option<Vec<Request>> {
        let client = self.clients.get_mut(&token.0)?;
        let mut requests = Vec::new();
        let mut buffer = [0; MAX_REQUEST];
        loop {
            match client.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(length) => client.request.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
            while let Some(end) = client.request.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = client.request.drain(..=end).collect();
                requests.push(parse(&String::from_utf8_lossy(&line)));
            }
            if client.request.len() > MAX_REQUEST || requests.len() > MAX_CLIENTS {
                return None;
            }
        }
        Some(requests)
    }

    fn answer(&mut self, token: u32, line: &str, poll: &mut Poll) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        client.waits = None;
        client.answer.extend_from_slice(line.as_bytes());
        client.answer.push(b'\n');
        self.write(token, poll);
    }

    /// Sends what waits for a client.
    fn write(&mut self, token: u32, poll: &mut Poll) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        let gone = loop {
            if client.answer.is_empty() {
                break false;
            }
            match client.stream.write(&client.answer) {
                Ok(length) => drop(client.answer.drain(..length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    break client.answer.len() > MAX_ANSWER;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break true,
            }
        };
        let interest = if client.answer.is_empty() { Interest::Read } else { Interest::ReadWrite };
        if gone || poll.rewatch(&client.stream, Token(token), interest).is_err() {
            self.dismiss(token, poll);
        }
    }

    fn dismiss(&mut self, token: u32, poll: &mut Poll) {
        if let Some(client) = self.clients.remove(&token) {
            poll.unwatch(&client.stream);
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn parse(line: &str) -> Request {
    match line.trim() {
        "status" => Request::Status,
        other => Request::Unknown(other.to_owned()),
    }
}

impl Supervisor {
    /// Something came in on the control socket, or a client takes more of its answer.
    pub(super) fn serve_control(&mut self, token: Token, now: Instant) {
        let Some(control) = &mut self.control else { return };
        if token == control.token {
            control.accept(&mut self.poll, &mut self.reserve, now);
            return;
        }
        control.write(token.0, &mut self.poll);
        let Some(requests) = control.read(token) else {
            control.dismiss(token.0, &mut self.poll);
            return;
        };
        for request in requests {
            match request {
                Request::Status => self.ask_status(token.0, now),
                Request::Unknown(word) => {
                    let error =
                        serde_json::json!({ "error": format!("unknown request {word:?}") }).to_string();
                    if let Some(control) = &mut self.control {
                        control.answer(token.0, &error, &mut self.poll);
                    }
                }
            }
        }
    }

    fn ask_status(&mut self, client: u32, now: Instant) {
        let Some(control) = &mut self.control else { return };
        if let Some(client) = control.clients.get_mut(&client) {
            client.waits = Some(now + PATIENCE);
        }
        if self.phase.is_stopping() {
            self.answer_status(Statuses::default(), now);
        } else {
            self.survey(now);
        }
    }

    /// Answers all who wait for the status.
    pub(super) fn answer_status(&mut self, statuses: Statuses, now: Instant) {
        let status = self.status(statuses, now);
        let line = match serde_json::to_string(&status) {
            Ok(line) => line,
            Err(error) => {
                self.log(Severity::Error, &format!("Unable to tell the status: {error}"));
                return;
            }
        };
        let Some(control) = &mut self.control else { return };
        let waiting: Vec<u32> = control
            .clients
            .iter()
            .filter(|(_, client)| client.waits.is_some())
            .map(|(token, _)| *token)
            .collect();
        for token in waiting {
            control.answer(token, &line, &mut self.poll);
        }
    }

    /// Those who waited long enough get an answer without the worker's.
    pub(super) fn expire_control(&mut self, now: Instant) {
        let Some(control) = &mut self.control else { return };
        control.rise(&mut self.poll, now);
        if control.answer_at().is_some_and(|deadline| deadline <= now) {
            self.answer_status(Statuses::default(), now);
        }
    }

    fn status(&self, statuses: Statuses, now: Instant) -> DaemonStatus {
        let Statuses { vrrp, bfd, check } = statuses;
        let (running, waiting) = self.jobs.load();
        DaemonStatus {
            version: crate::VERSION.into(),
            pid: std::process::id(),
            now,
            configuration: self.options.config.clone(),
            vrrp_pid: self.vrrp.seat.pid(),
            vrrp_starts: self.vrrp.seat.starts(),
            bfd_pid: self.bfd.seat.pid(),
            bfd_starts: self.bfd.seat.starts(),
            check_pid: self.check.seat.pid(),
            check_starts: self.check.seat.starts(),
            scripts_running: running,
            scripts_waiting: waiting,
            mail: self.mail.status(),
            last_reload: self.reload.last().cloned(),
            vrrp,
            bfd,
            check,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_the_last_to_ask_makes_nobody_wait() {
        let path = std::env::temp_dir().join(format!("standfast-control-{}", std::process::id()));
        let mut poll = Poll::new().unwrap();
        let mut control = Control::open(&path, &mut poll, Token(100)).unwrap();
        let _client = UnixStream::connect(&path).unwrap();
        control.accept(&mut poll, &mut Reserve::new(), Instant::ZERO);
        fs::remove_file(&path).unwrap();
        assert_eq!((control.clients.len(), control.deadline()), (1, None));
    }
}
