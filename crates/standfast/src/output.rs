//! Where text leaves: results to the standard output, complaints to the standard error.
//!
//! A reader that went away (`standfast … | head`) is no failure, so what cannot be written is dropped.

use std::io::{self, IsTerminal, Write};

/// A line of what was asked for.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Text of what was asked for, as it is, at once.
pub(crate) fn put(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line about what went wrong.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether a person reads along, who can be shown colour and a picture that moves.
pub(crate) fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// Columns of the terminal; 80 where there is none.
pub(crate) fn columns() -> usize {
    rustix::termios::tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col).max(40))
}
