//! What a command line says to the person who typed it. That nobody reads it is no reason to fail.

use std::io::Write;

/// To standard output.
pub(crate) fn answer(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n'));
}

/// To standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", text.trim_end_matches('\n'));
}
