//! The web service of the demo: one page that says which node answered. It runs as a process of its own inside a
//! node, so that it can be killed there.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::output;

/// A client that says nothing for so long is not waited for.
const PATIENCE: Duration = Duration::from_millis(200);
/// More than the head of any request that is meant for us.
const LONGEST_REQUEST: usize = 4096;

/// What the service says once it listens.
pub(crate) const LISTENING: &str = "listening";

/// Serves the page until the standard input ends, which it does at the latest with whoever started this.
pub(crate) fn serve(page: &str, port: u16) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
    output::say(LISTENING);
    let page = page.to_owned();
    thread::spawn(move || listener.incoming().flatten().for_each(|client| drop(answer(client, &page))));
    io::copy(&mut io::stdin().lock(), &mut io::sink()).map(drop)
}

/// Answers any request with the page (RFC 9112 §9.6: and closes the connection).
fn answer(mut client: TcpStream, page: &str) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut buffer = [0; 512];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < LONGEST_REQUEST {
        match client.read(&mut buffer)? {
            0 => break,
            length => request.extend_from_slice(buffer.get(..length).unwrap_or_default()),
        }
    }
    let length = page.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    client.write_all((head + page).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_request_gets_the_page() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        answer(listener.accept().unwrap().0, "node a").unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).unwrap();
        assert!(
            response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\nnode a"),
            "{response}"
        );
    }
}
