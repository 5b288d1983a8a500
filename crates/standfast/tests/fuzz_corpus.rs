//! The bodies of the fuzz targets over the kept inputs: what a fuzzer once found stays found.
#![expect(clippy::unwrap_used, reason = "inputs that cannot be read are a failed test")]

use std::fs;
use std::path::Path;

/// Runs a body over every input of a target.
fn over(target: &str, body: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        body(&fs::read(entry.unwrap().path()).unwrap());
        inputs += 1;
    }
    assert!(inputs > 0, "{} is empty", folder.display());
}

#[test]
fn adverts() {
    over("advert", vrrp::wire::fuzz_advert);
}

#[test]
fn announcements() {
    over("announcement", vrrp::wire::fuzz_announcement);
}

#[test]
fn bfd_packets() {
    over("control", bfd::fuzz_control);
}

#[test]
fn configurations() {
    over("config", config::fuzz_pipeline);
}

#[test]
fn configurations_of_several_files() {
    for look in 0..3 {
        over("files", |bytes| config::fuzz_files(bytes, look));
        over("config", |bytes| config::fuzz_files(bytes, look));
    }
}

#[test]
fn answers_of_ipvs() {
    over("ipvs", linux::fuzz_ipvs);
}

#[test]
fn netlink_messages() {
    over("netlink", linux::fuzz_netlink);
}
