//! The host that this process runs on, by the files that describe it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use host::Account;

use super::{PathFacts, Surroundings};
use crate::shortage::Shortage;

/// The host that this process runs on.
///
/// Accounts are those of `/etc/passwd` and `/etc/group`. Differs: accounts that only a directory service knows are
/// not found.
#[derive(Clone, Debug, Default)]
pub struct ThisHost {
    environment: BTreeMap<String, String>,
    vrf_tables: BTreeMap<String, u32>,
    shortage: Shortage,
}

/// Most bytes of a table of names or a key that are read: the largest shipped with iproute2 has 4 KiB.
const MAX_SMALL_FILE: u64 = 256 * 1024;

impl ThisHost {
    /// With the environment of the daemon, which this crate does not read itself.
    pub fn new(environment: BTreeMap<String, String>) -> Self {
        Self { environment, ..Self::default() }
    }

    /// With the virtual routing domains of this host and their tables, which only the kernel's netlink tells. Where it
    /// does not, there are none to name.
    #[must_use]
    pub fn with_vrf_tables(mut self, tables: io::Result<BTreeMap<String, u32>>) -> Self {
        self.vrf_tables = self.shortage.note(tables).unwrap_or_default();
        self
    }

    /// Whether it could always be looked at.
    pub const fn shortage(&self) -> &Shortage {
        &self.shortage
    }

    /// What a file holds; nothing if it cannot be read.
    fn text(&self, path: &str) -> String {
        let bytes = self.shortage.note(fs::read(path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The lines of a file such as `/etc/passwd`, split at their colons.
    fn records(&self, path: &str) -> Vec<Vec<String>> {
        self.text(path).lines().map(|line| line.split(':').map(str::to_owned).collect()).collect()
    }
}

fn number(fields: &[String], at: usize) -> Option<u32> {
    fields.get(at)?.parse().ok()
}

fn named<'a>(records: &'a [Vec<String>], name: &str) -> Option<&'a Vec<String>> {
    records.iter().find(|fields| fields.first().is_some_and(|first| first == name))
}

impl Surroundings for ThisHost {
    fn node_name(&self) -> String {
        self.text("/proc/sys/kernel/hostname").trim().to_owned()
    }

    fn running_as(&self) -> Account {
        let (uid, gid) = fs::metadata("/proc/self").map_or((0, 0), |meta| (meta.uid(), meta.gid()));
        Account { uid, gid, groups: Vec::new() }
    }

    fn user(&self, name: &str) -> Option<(u32, u32)> {
        let users = self.records("/etc/passwd");
        let fields = named(&users, name)?;
        Some((number(fields, 2)?, number(fields, 3)?))
    }

    fn user_named(&self, uid: u32) -> Option<String> {
        let users = self.records("/etc/passwd");
        users.iter().find(|fields| number(fields, 2) == Some(uid))?.first().cloned()
    }

    fn group(&self, name: &str) -> Option<u32> {
        number(named(&self.records("/etc/group"), name)?, 2)
    }

    fn groups_of(&self, name: &str, gid: u32) -> Vec<u32> {
        let member =
            |fields: &[String]| fields.get(3).is_some_and(|all| all.split(',').any(|one| one == name));
        let mut groups = vec![gid];
        for fields in self.records("/etc/group") {
            if let Some(id) = number(&fields, 2).filter(|id| *id != gid && member(&fields)) {
                groups.push(id);
            }
        }
        groups
    }

    fn resolve(&self, path: &str) -> Option<String> {
        fs::canonicalize(path).ok()?.into_os_string().into_string().ok()
    }

    fn facts(&self, path: &str) -> Option<PathFacts> {
        let meta = fs::metadata(path).ok()?;
        Some(PathFacts { uid: meta.uid(), gid: meta.gid(), mode: meta.mode() })
    }

    fn search_path(&self) -> Vec<String> {
        // The C library's default, where the environment has none.
        let path = self.environment.get("PATH").map_or("/bin:/usr/bin", String::as_str);
        path.split(':').map(str::to_owned).collect()
    }

    fn has_link(&self, name: &str) -> bool {
        // Not /sys: that shows the network namespace of whoever mounted it. A link that speaks IPv4, as nearly all do,
        // is found at once; the table of all links takes longer.
        let settings = format!("/proc/sys/net/ipv4/conf/{name}");
        if !matches!(name, "all" | "default") && fs::metadata(settings).is_ok_and(|meta| meta.is_dir()) {
            return true;
        }
        let table = self.text("/proc/self/net/dev");
        table.lines().skip(2).any(|line| line.split(':').next().is_some_and(|have| have.trim() == name))
    }

    fn is_loopback(&self, name: &str) -> bool {
        // IFF_LOOPBACK is 8. Where /sys shows another network namespace, the name must do.
        let flags = self.text(&format!("/sys/class/net/{name}/flags"));
        let flags = flags.trim().strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
        flags.map_or(name == "lo", |flags| flags & 8 != 0)
    }

    fn has_namespace(&self, name: &str) -> bool {
        fs::exists(format!("/run/netns/{name}")).unwrap_or(false)
    }

    fn environment(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    fn read_text(&self, path: &str) -> Option<String> {
        let facts = fs::metadata(path).ok()?;
        (facts.is_file() && facts.len() <= MAX_SMALL_FILE)
            .then(|| self.shortage.note(fs::read_to_string(path)).ok())
            .flatten()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let entries =
            self.shortage.note(fs::read_dir(directory)).into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }

    fn vrf_table(&self, link: &str) -> Option<u32> {
        self.vrf_tables.get(link).copied()
    }
}
