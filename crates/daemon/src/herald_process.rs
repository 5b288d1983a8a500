//! The herald's process: hands letters in at relays, one at a time, and waits for them as long as that takes.
//!
//! It has no rights, opens no files, writes no log, and remembers nothing: what it is told comes over the bus, which it
//! finds at descriptor 0, and what came of it goes back. It is started when there is something to send, and ends when
//! there has been nothing for a while.

use std::time::Duration;

use herald::Post;
use herald::bus::{FromHerald, ToHerald};
use linux::{Interest, Poll, clock, privilege, process, signal};

use crate::bus::{Heard, Line};
use crate::exit::Exit;
use crate::manner::set_name;
use crate::worker_process::BUS;

/// How long it stays for more: a takeover's alerts come within milliseconds, and a connection that is open costs less
/// than a new one.
const LINGER: Duration = Duration::from_secs(5);

/// Its name in listings of processes.
const NAME: &str = "keepalived_mail";

/// What a herald's process does.
pub(crate) fn run() -> Exit {
    let Ok(socket) = process::take_stdin() else { return Exit::Fatal };
    // Not as root, come what may: it speaks with strangers.
    if privilege::become_nobody().is_err() {
        return Exit::Permission;
    }
    set_name(NAME);
    // A relay may keep it waiting, but not beyond the end of its supervisor.
    let _ = signal::obey(signal::STOP);
    let _ = process::end_with_parent();
    let Ok(mut poll) = Poll::new() else { return Exit::Fatal };
    let mut line = Line::<FromHerald, ToHerald>::from_socket(socket);
    if poll.watch(&line, BUS, Interest::Read).is_err() {
        return Exit::Fatal;
    }
    serve(&mut line, &mut poll)
}

fn serve(line: &mut Line<FromHerald, ToHerald>, poll: &mut Poll) -> Exit {
    let mut post = Post::default();
    let mut end = clock::now() + LINGER;
    loop {
        match line.receive() {
            Heard::Message(ToHerald::Deliver(letter)) => {
                let report = post.deliver(&letter);
                if line.send(&FromHerald::Tried(report)).is_err() {
                    return Exit::Broken;
                }
                end = clock::now() + LINGER;
            }
            Heard::Nothing if clock::now() < end => {
                if poll.wait(Some(end), &mut Vec::new()).is_err() {
                    return Exit::Broken;
                }
            }
            Heard::Message(ToHerald::End) | Heard::Nothing | Heard::Closed | Heard::Nonsense(_) => {
                post.close();
                return Exit::Normal;
            }
        }
    }
}
