//! Whether the kernel reports that it is in groups of 224.0.0.0/24 (IGMP), which no router has to know of.

use std::{fs, io};

const SETTING: &str = "/proc/sys/net/ipv4/igmp_link_local_mcast_reports";

/// No reports, in the network namespace of the thread, until this is dropped.
#[derive(Debug)]
pub struct Silence {
    before: String,
}

impl Silence {
    /// Turns the reports off.
    pub fn begin() -> io::Result<Self> {
        let before = fs::read_to_string(SETTING)?;
        fs::write(SETTING, "0")?;
        Ok(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // What cannot be put back there is nobody to tell of.
        let _ = fs::write(SETTING, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::namespace::Namespace;

    #[test]
    fn the_kernel_is_silent_for_as_long_as_asked_and_then_as_it_was() {
        let Ok(namespace) = Namespace::create() else {
            println!("SKIPPED: the_kernel_is_silent_for_as_long_as_asked: no network namespace");
            return;
        };
        let now = || fs::read_to_string(SETTING).unwrap().trim().to_owned();
        namespace
            .run(|| {
                for before in ["1", "0"] {
                    fs::write(SETTING, before).unwrap();
                    let silence = Silence::begin().unwrap();
                    assert_eq!(now(), "0");
                    drop(silence);
                    assert_eq!(now(), before);
                }
            })
            .unwrap();
    }
}
