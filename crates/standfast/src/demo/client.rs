//! The client: asks for the page by the virtual address, again and again.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use linux::namespace::Namespace;

use super::observe;
use super::sighting::{Node, Outlook, Seen};

/// From the start of one request to the start of the next, if the first is answered in time.
pub(super) const EVERY: Duration = Duration::from_millis(10);
/// An answer on one machine takes less than a millisecond. What takes this long is lost.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);
/// Any page of ours with its head is shorter.
const LONGEST_ANSWER: u64 = 4096;

/// Asks until nobody listens.
pub(super) fn ask(namespace: Namespace, address: Ipv4Addr, port: u16, outlook: Outlook) {
    observe::spawn("client", outlook, move |outlook| {
        namespace.enter()?;
        let server = SocketAddr::from((address, port));
        let (_silent, pause) = mpsc::channel::<()>();
        loop {
            let began = linux::clock::now();
            let seen = match fetch(server) {
                Ok(Some(by)) => Seen::Answered { by },
                Ok(None) | Err(_) => Seen::Unanswered,
            };
            if outlook.tell(seen).is_err() {
                return Ok(());
            }
            // Nothing comes by this channel; it is what one can wait on for a time.
            let _ = pause.recv_timeout(EVERY.saturating_sub(linux::clock::now().since(began)));
        }
    });
}

/// The node that answers, if it says which it is.
fn fetch(server: SocketAddr) -> io::Result<Option<Node>> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(
        format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.ip()).as_bytes(),
    )?;
    let mut answer = String::new();
    stream.take(LONGEST_ANSWER).read_to_string(&mut answer)?;
    Ok(page(&answer).and_then(|page| page.trim_end().strip_prefix("node ")).and_then(Node::called))
}

/// What follows the head of a good answer.
fn page(answer: &str) -> Option<&str> {
    let (head, page) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200 ").then_some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_answer_has_a_page() {
        assert_eq!(page("HTTP/1.1 200 OK\r\nA: b\r\n\r\nnode a\n"), Some("node a\n"));
        assert_eq!(page("HTTP/1.1 503 No\r\n\r\nnode a\n"), None);
        assert_eq!(page("HTTP/1.1 200 OK\r\n"), None);
    }
}
