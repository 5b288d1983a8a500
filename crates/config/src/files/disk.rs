//! The file system.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{Files, Unreadable, pattern};
use crate::source::MAX_TEXT;

/// The file system of this host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn readable(&self, path: &str) -> Result<(), Unreadable> {
        let meta = fs::metadata(path).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                Unreadable::Missing
            } else {
                Unreadable::Denied
            }
        })?;
        match (meta.is_file(), meta.permissions().mode() & 0o111) {
            (false, _) => Err(Unreadable::NotAFile),
            (true, 0) => Ok(()),
            (true, _) => Err(Unreadable::Executable),
        }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        self.readable(path)?;
        let file = fs::File::open(path).map_err(|_| Unreadable::Denied)?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX).saturating_add(1);
        file.take(limit).read_to_end(&mut bytes).map_err(|_| Unreadable::Denied)?;
        if bytes.len() > MAX_TEXT { Err(Unreadable::TooLarge) } else { Ok(bytes) }
    }

    fn matches(&self, wanted: &str) -> Vec<String> {
        let mut found = vec![if wanted.starts_with('/') { String::from("/") } else { String::new() }];
        for step in wanted.split('/').filter(|step| !step.is_empty()) {
            found = found.iter().flat_map(|base| one_step(base, step)).collect();
        }
        found.retain(|path| !path.is_empty() && Path::new(path).exists());
        found
    }

    fn canonical(&self, path: &str) -> String {
        fs::canonicalize(path)
            .ok()
            .and_then(|path| path.into_os_string().into_string().ok())
            .unwrap_or(path.into())
    }
}

/// What a directory holds that matches one step of a pattern, sorted.
fn one_step(base: &str, step: &str) -> Vec<String> {
    let join = |name: &str| match base {
        "" => name.to_owned(),
        _ if base.ends_with('/') => format!("{base}{name}"),
        _ => format!("{base}/{name}"),
    };
    if !pattern::is_pattern(step) {
        return vec![join(step)];
    }
    let Ok(entries) = fs::read_dir(if base.is_empty() { "." } else { base }) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| pattern::name_matches(step, name))
        .collect();
    names.sort_unstable();
    names.iter().map(|name| join(name)).collect()
}
