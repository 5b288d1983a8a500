//! Messages on a stream: a header that tells the length, an empty line, JSON.
//!
//! `lsp_server` has a reader too; it ends at the first mistake and takes as much memory as a header asks for. An editor
//! that says something odd is answered and goes on, so we cut the stream ourselves and leave its types what a message is.

use std::io::{self, BufRead, Read, Write};

use lsp_server::{ErrorCode, Message};
use serde_json::json;

/// Longest message: twice the largest configuration, as JSON may write a character with two.
const MOST: u64 = 128 * 1024 * 1024;

/// Longest line of a header; ours are 20 bytes.
const HEADER: u64 = 4096;

/// What stood next on the stream.
pub(super) enum Frame {
    Message(Message),
    /// Something that is no message; what is wrong with it.
    Malformed(String),
    /// The other side is gone.
    End,
}

/// The next message. An error is one of the stream itself.
pub(super) fn read(input: &mut dyn BufRead) -> io::Result<Frame> {
    let mut length = None;
    let mut any = false;
    loop {
        let mut line = Vec::new();
        (&mut *input).take(HEADER).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(Frame::End);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            if any {
                break;
            }
            continue;
        }
        any = true;
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let Some(length) = length else {
        return Ok(Frame::Malformed("a header without a Content-Length".into()));
    };
    let mut body = (&mut *input).take(length);
    if length > MOST {
        io::copy(&mut body, &mut io::sink())?;
        return Ok(Frame::Malformed(format!("a message of {length} bytes")));
    }
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Ok(Frame::End);
    }
    Ok(match serde_json::from_slice(&bytes) {
        Ok(message) => Frame::Message(message),
        Err(why) => Frame::Malformed(why.to_string()),
    })
}

/// Writes a message.
pub(super) fn write(output: &mut dyn Write, message: &Message) -> io::Result<()> {
    message.write(&mut &mut *output)
}

/// Says that something was no message. It has no id, so the answer has none either.
pub(super) fn write_malformed(output: &mut dyn Write, why: &str) -> io::Result<()> {
    let error = json!({ "code": ErrorCode::ParseError as i32, "message": why });
    let text = json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(text: &str) -> Vec<String> {
        let mut input = text.as_bytes();
        let mut found = Vec::new();
        loop {
            match read(&mut input).unwrap() {
                Frame::Message(Message::Notification(one)) => found.push(one.method),
                Frame::Message(_) => found.push("other".into()),
                Frame::Malformed(_) => found.push("malformed".into()),
                Frame::End => return found,
            }
        }
    }

    #[test]
    fn what_is_malformed_is_passed_over() {
        let good = "Content-Length: 33\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"hello\"}";
        assert_eq!(good.len() - good.find('{').unwrap(), 34);
        let good = good.replace("33", "34");
        assert_eq!(frames(&good), ["hello"]);
        assert_eq!(
            frames(&format!("{good}Content-Length: 3\r\n\r\n{{x}}{good}")),
            ["hello", "malformed", "hello"]
        );
        assert_eq!(frames(&format!("nonsense\r\n\r\n{good}")), ["malformed", "hello"]);
        assert_eq!(
            frames(&format!("content-length: 2\r\nX-Other: 1\r\n\r\n[]\r\n\r\n{good}")),
            ["malformed", "hello"]
        );
        assert_eq!(frames("Content-Length: 99999999999999\r\n\r\n{}"), ["malformed"]);
        assert_eq!(frames("Content-Length: -1\r\n\r\n"), ["malformed"]);
        assert_eq!(frames("Content-Length: 50\r\n\r\n{}"), [""; 0]);
        assert_eq!(frames(&"x".repeat(20_000)), [""; 0]);
    }
}
