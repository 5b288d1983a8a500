//! What a configuration needs to know about its host: accounts, files' permissions, links, names.
//!
//! The trait holds facts only; the rules about them (which script is safe, who it runs as) are this crate's.

mod this_host;

use host::Account;

pub use this_host::ThisHost;

/// What the system says of a path, links followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathFacts {
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// `st_mode`: kind and permission bits.
    pub mode: u32,
}

impl PathFacts {
    /// A regular file (`S_IFREG`).
    pub const fn is_file(self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }

    /// A directory (`S_IFDIR`).
    pub const fn is_directory(self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }
}

/// Facts about the host that the configuration will run on.
pub trait Surroundings {
    /// The host's node name (`uname -n`); up to the first dot it is the configuration id.
    fn node_name(&self) -> String;
    /// Who the daemon runs as.
    fn running_as(&self) -> Account;
    /// User id and primary group of a user.
    fn user(&self, name: &str) -> Option<(u32, u32)>;
    /// The name of a user.
    fn user_named(&self, uid: u32) -> Option<String> {
        (uid == 0).then(|| "root".into())
    }
    /// Id of a group.
    fn group(&self, name: &str) -> Option<u32>;
    /// Supplementary groups of a user.
    fn groups_of(&self, name: &str, gid: u32) -> Vec<u32>;
    /// The path with symbolic links resolved; `None` if it does not exist.
    fn resolve(&self, path: &str) -> Option<String>;
    /// Owner and permissions of a path.
    fn facts(&self, path: &str) -> Option<PathFacts>;
    /// The directories of `PATH`.
    fn search_path(&self) -> Vec<String>;
    /// Whether there is a link of this name now.
    fn has_link(&self, name: &str) -> bool;
    /// Whether a link is a loopback; by its name unless the system says otherwise.
    fn is_loopback(&self, name: &str) -> bool {
        name == "lo"
    }
    /// A variable of the environment, for `${_ENV NAME}`.
    fn environment(&self, name: &str) -> Option<String>;
    /// The content of a small file of the system, such as a table of names or a key; `None` if it cannot be read or is
    /// not text.
    fn read_text(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }
    /// The names in a directory, sorted; empty if there is none.
    fn list(&self, directory: &str) -> Vec<String> {
        let _ = directory;
        Vec::new()
    }
    /// The routing table of a link that is a virtual routing domain.
    fn vrf_table(&self, link: &str) -> Option<u32> {
        let _ = link;
        None
    }
    /// Whether there is a network namespace of this name.
    fn has_namespace(&self, _: &str) -> bool {
        true
    }
    /// Whether these are the facts of the host that will run it, rather than made up so that nothing is missing.
    fn is_real(&self) -> bool {
        true
    }
}

/// Surroundings in which everything named exists and is fit: for looking at a file away from its host.
#[derive(Clone, Debug)]
pub struct Assumed {
    /// The node name.
    pub node_name: String,
}

impl Default for Assumed {
    fn default() -> Self {
        Self { node_name: "localhost".into() }
    }
}

impl Surroundings for Assumed {
    fn node_name(&self) -> String {
        self.node_name.clone()
    }
    fn running_as(&self) -> Account {
        Account { uid: 0, gid: 0, groups: Vec::new() }
    }
    fn user(&self, name: &str) -> Option<(u32, u32)> {
        // An account that nobody named does not exist by itself.
        Some(if name == "root" { (0, 0) } else { (65_534, 65_534) }).filter(|_| name != "keepalived_script")
    }
    fn group(&self, name: &str) -> Option<u32> {
        Some(if name == "root" { 0 } else { 65_534 })
    }
    fn groups_of(&self, _: &str, _: u32) -> Vec<u32> {
        Vec::new()
    }
    fn resolve(&self, path: &str) -> Option<String> {
        Some(path.into())
    }
    fn facts(&self, path: &str) -> Option<PathFacts> {
        let mode = if path.ends_with('/') { 0o040_755 } else { 0o100_755 };
        Some(PathFacts { uid: 0, gid: 0, mode })
    }
    fn search_path(&self) -> Vec<String> {
        vec!["/usr/bin".into()]
    }
    fn has_link(&self, _: &str) -> bool {
        true
    }
    fn environment(&self, _: &str) -> Option<String> {
        None
    }
    fn vrf_table(&self, _: &str) -> Option<u32> {
        Some(1000)
    }
    fn is_real(&self) -> bool {
        false
    }
}
