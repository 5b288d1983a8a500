//! Scratch folders, one a lab, under the build folder.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder that is removed with everything in it, unless it is to be kept.
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes the folder.
    pub(crate) fn new(name: &str) -> Scratch {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("the build folder is writable");
        Scratch { path }
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind lies in the build folder and does no harm.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Writes a file so that a reader sees the old text or the new one, never half of it.
pub(crate) fn replace(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, text).expect("the scratch folder is writable");
    fs::rename(&draft, path).expect("both names are in the scratch folder");
}
