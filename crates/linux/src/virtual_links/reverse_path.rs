//! Reverse path filtering of the whole host, which would keep packets out of VMACs.
//!
//! The kernel takes the greater of `all.rp_filter` and a link's own, so that none can be exempt while `all` is set. As
//! keepalived: what `all` says is said for each link by itself instead.

use std::collections::BTreeMap;
use std::{fs, io};

use host::Refusal;

use crate::netlink::refusal;

const SETTINGS: &str = "/proc/sys/net/ipv4/conf";
/// Names in a note.
pub(super) const ALL: &str = "all.rp_filter";
const DEFAULT: &str = "default.rp_filter";

/// What was changed: whose setting, how it was, how it is now. In the order to restore it.
pub(super) struct ReversePath {
    changed: Vec<(String, u32, u32)>,
}

impl ReversePath {
    /// Lets links be exempt. No link of the host is filtered less than before. `noted`: how it was before an earlier
    /// life did so.
    pub(super) fn loosen(noted: &BTreeMap<String, u32>) -> Result<Self, Refusal> {
        let mut changed = Vec::new();
        let everywhere = read("all").unwrap_or(0);
        if everywhere == 0 {
            // Links stay as they were raised: with `all` as it was that makes no difference to them.
            if let (Some(all), Some(default)) = (noted.get(ALL), noted.get(DEFAULT)) {
                changed.extend([("all".into(), *all, 0), ("default".into(), *default, *all)]);
            }
            return Ok(Self { changed });
        }
        let links = fs::read_dir(SETTINGS).map_err(|cause| cannot(&cause))?;
        let mut names: Vec<String> =
            links.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        // Links that are made from now on are born with the default.
        names.sort_unstable_by_key(|name| name != "default");
        for name in names.into_iter().filter(|name| name != "all" && name != "lo") {
            let Some(own) = read(&name).filter(|own| *own < everywhere) else { continue };
            if write(&name, everywhere).is_ok() {
                changed.push((name, own, everywhere));
            }
        }
        changed.insert(0, ("all".into(), everywhere, 0));
        let this = Self { changed };
        if let Err(cause) = write("all", 0) {
            this.restore();
            return Err(cannot(&cause));
        }
        Ok(this)
    }

    /// What a later life must know to restore it.
    pub(super) fn note(&self) -> Vec<(&'static str, u32)> {
        let before =
            |name: &str| self.changed.iter().find(|(one, ..)| one == name).map(|(_, before, _)| *before);
        match (before("all"), before("default").or_else(|| read("default"))) {
            (Some(all), Some(default)) => vec![(ALL, all), (DEFAULT, default)],
            (None, _) | (_, None) => Vec::new(),
        }
    }

    /// Puts it back as it was, but for what somebody changed meanwhile.
    pub(super) fn restore(self) {
        for (name, before, after) in self.changed {
            if read(&name) == Some(after) {
                let _ = write(&name, before);
            }
        }
    }
}

/// With the filter of the whole host a VMAC would hear nothing, and its router would believe that it is alone.
fn cannot(cause: &io::Error) -> Refusal {
    let why = format!("net.ipv4.conf.all.rp_filter is set and cannot be changed: {cause}");
    refusal(cause.raw_os_error().unwrap_or(0), Some(why))
}

fn read(name: &str) -> Option<u32> {
    fs::read_to_string(format!("{SETTINGS}/{name}/rp_filter")).ok()?.trim().parse().ok()
}

fn write(name: &str, value: u32) -> io::Result<()> {
    fs::write(format!("{SETTINGS}/{name}/rp_filter"), value.to_string())
}
