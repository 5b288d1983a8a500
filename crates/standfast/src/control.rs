//! Asking a daemon how it stands, by its control socket.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use daemon::status::DaemonStatus;

/// A daemon answers at once; one whose worker hangs says so after a second.
const PATIENCE: Duration = Duration::from_secs(3);
/// Thousands of virtual routers fit.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(
        "no daemon answers at {0}: is keepalived running? One with another pid file has its socket beside that"
    )]
    NoDaemon(PathBuf),
    #[error("{0} may be asked by root alone")]
    NotRoot(PathBuf),
    #[error("the daemon at {path} cannot be asked: {cause}")]
    Broken { path: PathBuf, cause: io::Error },
    #[error("the daemon says what this program does not understand, so their versions differ: {0}")]
    Strange(serde_json::Error),
}

/// The answer as it came: one line of JSON.
pub(crate) fn ask(socket: &Path) -> Result<String, AskError> {
    let exchange = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(b"status\n")?;
        let mut line = String::new();
        BufReader::new(io::Read::take(stream, LONGEST_ANSWER)).read_line(&mut line)?;
        if line.ends_with('\n') { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    };
    exchange().map_err(|cause: io::Error| {
        let path = socket.to_owned();
        let kind = cause.kind();
        if kind == io::ErrorKind::NotFound || kind == io::ErrorKind::ConnectionRefused {
            AskError::NoDaemon(path)
        } else if kind == io::ErrorKind::PermissionDenied {
            AskError::NotRoot(path)
        } else {
            AskError::Broken { path, cause }
        }
    })
}

/// The answer, understood.
pub(crate) fn read(answer: &str) -> Result<DaemonStatus, AskError> {
    serde_json::from_str(answer).map_err(AskError::Strange)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_daemon_that_is_not_there_is_named() {
        let cause = ask(Path::new("/nonexistent/keepalived.sock")).unwrap_err();
        assert!(matches!(&cause, AskError::NoDaemon(_)), "{cause}");
        assert!(cause.to_string().contains("/nonexistent/keepalived.sock"));
    }

    #[test]
    fn an_answer_without_an_end_is_none() {
        let path = std::env::temp_dir().join(format!("standfast-control-test-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let answering = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut request).unwrap();
            stream.write_all(b"{\"version\"").unwrap();
            request
        });
        let cause = ask(&path).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(answering.join().unwrap(), "status\n");
        assert!(matches!(cause, AskError::Broken { .. }), "{cause}");
    }
}
