//! Where one of several daemons has its place on this host: its files, its name in logs, its network namespace.
//!
//! Differs: with a namespace keepalived mounts `/run/keepalived/NAME` on `/run/keepalived` for itself. Here that
//! directory is used by its own name: seen from outside, the files are where keepalived's are.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use config::effective::Identity;
use linux::namespace::Namespace;

use crate::compat::Options;

const RUN: &str = "/run";
const DIRECTORY: &str = "/run/keepalived";

/// A daemon's place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The supervisor's pid file.
    pub(super) pid_file: PathBuf,
    /// The vrrp worker's.
    pub(super) vrrp_pid_file: PathBuf,
    /// The bfd worker's.
    pub(super) bfd_pid_file: PathBuf,
    /// The check worker's.
    pub(super) check_pid_file: PathBuf,
    /// What is there while a configuration is read, unless it has a name of its own.
    pub(super) marker: PathBuf,
    /// Behind names in logs; empty, or `_NAMESPACE_INSTANCE`.
    pub(super) suffix: String,
    /// The network namespace to run in; `None` stays.
    pub(super) namespace: Option<String>,
    directory: Option<PathBuf>,
}

impl Place {
    /// The place that the command line and the configuration ask for.
    pub(super) fn of(options: &Options, identity: &Identity) -> Self {
        let namespace = options.namespace.clone().or_else(|| identity.namespace.clone());
        let instance = identity.instance.as_deref();
        let own = identity.pid_directory || instance.is_some() || namespace.is_some();
        let directory = own.then(|| match &namespace {
            Some(name) => Path::new(DIRECTORY).join(name),
            None => DIRECTORY.into(),
        });
        let tail = instance.map_or_else(String::new, |instance| format!("_{instance}"));
        let base = directory.as_deref().unwrap_or(Path::new(RUN));
        let file = |name: &str, end: &str| base.join(format!("{name}{tail}.{end}"));
        let parts = namespace.as_deref().into_iter().chain(instance);
        Self {
            pid_file: options.pid_file.clone().unwrap_or_else(|| file("keepalived", "pid")),
            vrrp_pid_file: options.vrrp_pid_file.clone().unwrap_or_else(|| file("vrrp", "pid")),
            bfd_pid_file: options.bfd_pid_file.clone().unwrap_or_else(|| file("bfd", "pid")),
            check_pid_file: options.check_pid_file.clone().unwrap_or_else(|| file("checkers", "pid")),
            marker: file("keepalived", "reload"),
            suffix: parts.map(|part| format!("_{part}")).collect(),
            namespace,
            directory,
        }
    }

    /// Makes the directory that it needs.
    pub(super) fn prepare(&self) -> io::Result<Directory> {
        let Some(directory) = &self.directory else { return Ok(Directory(None)) };
        for path in [Path::new(DIRECTORY), directory] {
            match DirBuilder::new().mode(0o700).create(path) {
                // The mask that hides our files from others would hide the directory from ourselves.
                Ok(()) => fs::set_permissions(path, Permissions::from_mode(0o755))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Directory(Some(directory.clone())))
    }
}

/// A directory for pid files. When it is dropped, it is removed if nothing is left in it.
#[derive(Debug)]
pub(super) struct Directory(Option<PathBuf>);

impl Drop for Directory {
    fn drop(&mut self) {
        for path in self.0.iter().flat_map(|own| [own.as_path(), Path::new(DIRECTORY)]) {
            // Not empty if another daemon has its files there.
            let _ = fs::remove_dir(path);
        }
    }
}

/// The network namespace that the daemon was started in, and left.
#[derive(Debug)]
pub(super) struct Home {
    namespace: Namespace,
}

impl Home {
    /// Goes into another one, with all that this process starts from now on.
    pub(super) fn leave(name: &str) -> io::Result<Self> {
        let namespace = Namespace::current()?;
        Namespace::named(name)?.enter()?;
        Ok(Self { namespace })
    }

    /// A file that stands for it, for our workers.
    pub(super) fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.namespace.as_fd().as_raw_fd()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::{Wish, parse};

    fn options(words: &[&str]) -> Options {
        let words: Vec<_> = ["keepalived"].iter().chain(words).map(Into::into).collect();
        let Wish::Run(options) = parse(&words) else { panic!("{words:?}") };
        *options
    }

    fn files(words: &[&str], identity: &Identity) -> (String, String, String, String) {
        let Place { pid_file, vrrp_pid_file, marker, suffix, .. } = Place::of(&options(words), identity);
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        (text(pid_file), text(vrrp_pid_file), text(marker), suffix)
    }

    fn expect(pid: &str, vrrp: &str, marker: &str, suffix: &str) -> (String, String, String, String) {
        (pid.into(), vrrp.into(), marker.into(), suffix.into())
    }

    /// cli-and-files §4: where files are by default, and "with `use_pid_dir`, `instance` or namespace".
    #[test]
    fn files_are_where_keepalived_has_them() {
        let plain = Identity::default();
        let own = Identity { pid_directory: true, ..Identity::default() };
        let named = Identity { instance: Some("i".into()), ..Identity::default() };
        let expected = expect("/run/keepalived.pid", "/run/vrrp.pid", "/run/keepalived.reload", "");
        assert_eq!(files(&[], &plain), expected);
        let at = "/run/keepalived";
        let expected = expect(
            &format!("{at}/keepalived.pid"),
            &format!("{at}/vrrp.pid"),
            &format!("{at}/keepalived.reload"),
            "",
        );
        assert_eq!(files(&[], &own), expected);
        let (pid, vrrp) = (format!("{at}/keepalived_i.pid"), format!("{at}/vrrp_i.pid"));
        assert_eq!(files(&[], &named), expect(&pid, &vrrp, &format!("{at}/keepalived_i.reload"), "_i"));
        let at = "/run/keepalived/n";
        let (pid, vrrp) = (format!("{at}/keepalived_i.pid"), format!("{at}/vrrp_i.pid"));
        let marker = format!("{at}/keepalived_i.reload");
        assert_eq!(files(&["-s", "n"], &named), expect(&pid, &vrrp, &marker, "_n_i"));
        assert_eq!(files(&["-p", "/p", "-r", "/v"], &named).0, "/p");
    }

    #[test]
    fn the_command_lines_namespace_counts_before_the_files() {
        let identity = Identity { namespace: Some("file".into()), ..Identity::default() };
        assert_eq!(Place::of(&options(&[]), &identity).namespace.as_deref(), Some("file"));
        assert_eq!(Place::of(&options(&["-s", "word"]), &identity).namespace.as_deref(), Some("word"));
    }
}
