//! The open documents, over the files on disk.

use std::collections::BTreeMap;
use std::path::Path;

use config::files::Unreadable;
use config::{Disk, Files};
use lsp_types::{InitializeParams, Uri};

use super::position::{path_of, uri_of};

/// What the editor holds.
#[derive(Default)]
pub(super) struct Documents {
    open: BTreeMap<String, Open>,
    /// The main file, if the editor's settings name one (`main` of the initialization options).
    main: Option<String>,
    /// Check against this host (`host` of the initialization options).
    pub(super) host: bool,
    /// The configuration id (`id` of the initialization options).
    pub(super) id: Option<String>,
}

struct Open {
    uri: Uri,
    text: String,
}

/// Name that a main file usually has, so that a file included by it is seen with it.
const MAIN: &str = "keepalived.conf";

/// How many directories up a main file is looked for: conf.d/site/x.conf is as deep as they are seen.
const HIGHEST: usize = 3;

impl Documents {
    pub(super) fn introduce(&mut self, params: &InitializeParams) {
        let Some(options) = &params.initialization_options else { return };
        let text = |key: &str| options.get(key).and_then(|value| value.as_str()).map(ToOwned::to_owned);
        self.main = text("main");
        self.id = text("id");
        self.host = options.get("host").and_then(serde_json::Value::as_bool).unwrap_or(false);
    }

    /// Takes a document, new or changed; its path comes back.
    pub(super) fn put(&mut self, uri: Uri, text: String) -> String {
        let path = path_of(&uri);
        self.open.insert(path.clone(), Open { uri, text });
        path
    }

    pub(super) fn close(&mut self, uri: &Uri) -> String {
        let path = path_of(uri);
        self.open.remove(&path);
        path
    }

    pub(super) fn is_open(&self, path: &str) -> bool {
        self.open.contains_key(path)
    }

    /// The URI of a path, as the editor spelt it if it is open.
    pub(super) fn uri(&self, path: &str) -> Option<Uri> {
        self.open.get(path).map(|open| open.uri.clone()).or_else(|| uri_of(path))
    }

    /// The text of a file, open or not.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        match self.open.get(path) {
            Some(open) => Some(open.text.clone()),
            None => Disk::default().read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The files that may be the main file of a file, likeliest first; the file itself is not among them.
    pub(super) fn mains(&self, path: &str) -> Vec<String> {
        let mut mains: Vec<String> = self.main.iter().cloned().collect();
        for directory in Path::new(path).ancestors().skip(1).take(HIGHEST) {
            mains.push(directory.join(MAIN).to_string_lossy().into_owned());
        }
        mains.retain(|main| main != path && self.readable(main).is_ok());
        mains
    }
}

impl Files for Documents {
    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        match self.open.get(path) {
            Some(open) => Ok(open.text.clone().into_bytes()),
            None => Disk::default().read(path),
        }
    }
    fn readable(&self, path: &str) -> Result<(), Unreadable> {
        if self.open.contains_key(path) { Ok(()) } else { Disk::default().readable(path) }
    }
    fn matches(&self, pattern: &str) -> Vec<String> {
        Disk::default().matches(pattern)
    }
    fn canonical(&self, path: &str) -> String {
        Disk::default().canonical(path)
    }
}
