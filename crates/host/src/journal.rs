//! Lines for people.

/// How bad it is: syslog's severities (RFC 5424 §6.2.1), those that are used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Needs somebody at once.
    Alert,
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warning,
    /// Worth knowing.
    Notice,
    /// The ordinary course of things.
    Info,
    /// Only with `--log-detail`.
    Detail,
}

/// The port for log lines. Writing never waits: a sink that is slow loses lines, which are counted.
pub trait Journal {
    /// Whether lines of this severity are written at all: those that are not need not be worded.
    fn wants(&self, severity: Severity) -> bool {
        let _ = severity;
        true
    }
    /// Writes one line, without its newline.
    fn write(&mut self, severity: Severity, line: &str);
}
