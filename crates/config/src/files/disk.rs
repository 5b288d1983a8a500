//! The file system.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::{Files, Unreadable, pattern};
use crate::shortage::Shortage;
use crate::source::MAX_TEXT;

/// The file system of this host.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    shortage: Shortage,
}

impl Disk {
    /// Whether it could always be looked at.
    pub const fn shortage(&self) -> &Shortage {
        &self.shortage
    }

    /// What a directory holds that matches one step of a pattern, sorted.
    fn one_step(&self, base: &str, step: &str) -> Vec<String> {
        let join = |name: &str| match base {
            "" => name.to_owned(),
            _ if base.ends_with('/') => format!("{base}{name}"),
            _ => format!("{base}/{name}"),
        };
        if !pattern::is_pattern(step) {
            return vec![join(step)];
        }
        let entries = self.shortage.note(fs::read_dir(if base.is_empty() { "." } else { base }));
        let Ok(entries) = entries else { return Vec::new() };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| pattern::name_matches(step, name))
            .collect();
        names.sort_unstable();
        names.iter().map(|name| join(name)).collect()
    }
}

impl Files for Disk {
    fn readable(&self, path: &str) -> Result<(), Unreadable> {
        fit(&fs::metadata(path).map_err(|error| why(&error))?)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        // Opening a pipe would wait for its other end.
        let file = fs::OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path);
        let file = self.shortage.note(file).map_err(|error| why(&error))?;
        let meta = file.metadata().map_err(|error| why(&error))?;
        fit(&meta)?;
        let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX).saturating_add(1);
        let expected = usize::try_from(meta.len().min(limit)).unwrap_or(0);
        let mut bytes = vec![0; expected];
        let mut file = file.take(limit);
        let got = file.read(&mut bytes).map_err(|_| Unreadable::Denied)?;
        bytes.truncate(got);
        if got != expected || expected == 0 {
            // It grew or shrank meanwhile, or is one of the kernel's, which have no size.
            file.read_to_end(&mut bytes).map_err(|_| Unreadable::Denied)?;
        }
        if bytes.len() > MAX_TEXT { Err(Unreadable::TooLarge) } else { Ok(bytes) }
    }

    fn matches(&self, wanted: &str) -> Vec<String> {
        let mut found = vec![if wanted.starts_with('/') { String::from("/") } else { String::new() }];
        for step in wanted.split('/').filter(|step| !step.is_empty()) {
            found = found.iter().flat_map(|base| self.one_step(base, step)).collect();
        }
        // What a directory was asked for is there; what was only put together may not be.
        let listed = wanted.rsplit('/').find(|step| !step.is_empty()).is_some_and(pattern::is_pattern);
        found.retain(|path| !path.is_empty() && (listed || Path::new(path).exists()));
        found
    }

    fn canonical(&self, path: &str) -> String {
        fs::canonicalize(path)
            .ok()
            .and_then(|path| path.into_os_string().into_string().ok())
            .unwrap_or(path.into())
    }
}

/// `O_NONBLOCK` of Linux.
const O_NONBLOCK: i32 = 0o4000;

fn why(error: &std::io::Error) -> Unreadable {
    if error.kind() == std::io::ErrorKind::NotFound { Unreadable::Missing } else { Unreadable::Denied }
}

/// Whether it is a file that is read: not a program.
fn fit(meta: &fs::Metadata) -> Result<(), Unreadable> {
    match (meta.is_file(), meta.permissions().mode() & 0o111) {
        (false, _) => Err(Unreadable::NotAFile),
        (true, 0) => Ok(()),
        (true, _) => Err(Unreadable::Executable),
    }
}
