//! Batches and their bytes. That the kernel and `nft` read them as they are meant, the machine's tests show.

use std::collections::BTreeSet;

use super::*;
use crate::testbed::hex;

fn table(dropped: &[&str]) -> FilterTable {
    let dropped: BTreeSet<_> = dropped.iter().map(|one| one.parse().unwrap()).collect();
    let ipv4 = Some(Ipv4Filter { dropped, ..Ipv4Filter::default() });
    FilterTable { name: "k".into(), priority: -1, counters: false, ipv4, ipv6: None }
}

#[cfg(target_endian = "little")]
#[test]
fn a_removal_and_a_changed_address_become_the_bytes_of_their_recordings() {
    let name = "0600 0100 6b00 0000";
    let begin = "14000000 1000 0100 00000000 00000000 0000000a";
    let end = "14000000 1100 0100 00000000 00000000 0000000a";
    let removal = format!(
        "{begin}
         1c000000 000a 0504 01000000 00000000 02000000 {name}
         1c000000 020a 0500 02000000 00000000 02000000 {name}
         1c000000 000a 0504 03000000 00000000 0a000000 {name}
         1c000000 020a 0500 04000000 00000000 0a000000 {name}
         {end}"
    );
    assert_eq!(batch::bytes(&remove("k")), hex(&removal));
    let [old, new] = ["0a000001", "0a000002"].map(|address| {
        format!("0900 0200 7669707300 000000 1400 0380 1000 0180 0c00 0180 0800 0100 {address}")
    });
    let changed = format!(
        "{begin}
         3c000000 0e0a 0500 01000000 00000000 02000000 {name} {old}
         3c000000 0c0a 0504 02000000 00000000 02000000 {name} {new}
         {end}"
    );
    let messages = change(&table(&["10.0.0.1", "10.0.0.3"]), &table(&["10.0.0.2", "10.0.0.3"])).unwrap();
    assert_eq!(batch::bytes(&messages), hex(&changed));
}

/// Every message that may come, cut at every place and with every byte turned: nothing panics, and reading ends.
#[test]
fn no_bytes_make_the_reader_of_removals_panic() {
    let recording = batch::bytes(&remove("keepalived"));
    assert!(batch::tells_of_removal(&recording, "keepalived", 1));
    assert!(!batch::tells_of_removal(&recording, "keepalived", 0), "our own");
    assert!(!batch::tells_of_removal(&recording, "another", 1));
    for length in 0..recording.len() {
        batch::tells_of_removal(&recording[..length], "keepalived", 1);
    }
    for at in 0..recording.len() {
        for value in [0, 1, 2, 4, 15, 16, 17, 0x7f, 0x80, 0xff] {
            let mut turned = recording.clone();
            turned[at] = value;
            batch::tells_of_removal(&turned, "keepalived", 1);
        }
    }
}

#[test]
fn what_is_more_than_an_element_is_made_anew() {
    let one = table(&["10.0.0.1"]);
    assert!(change(&one, &one).unwrap().is_empty());
    for other in [
        FilterTable { counters: true, ..one.clone() },
        FilterTable { priority: 0, ..one.clone() },
        FilterTable { ipv6: Some(Ipv6Filter::default()), ..one.clone() },
        FilterTable { ipv4: None, ..one.clone() },
        FilterTable {
            ipv4: Some(Ipv4Filter {
                vmacs: [(LinkIndex(3), LinkIndex(2))].into(),
                ..one.ipv4.clone().unwrap()
            }),
            ..one.clone()
        },
    ] {
        assert!(change(&one, &other).is_none(), "{other:?}");
        assert!(change(&other, &one).is_none(), "{other:?}");
    }
}

/// A set that is made of some names for the first time needs a rule too.
#[test]
fn the_first_address_by_name_makes_the_table_anew() {
    let named = |names: &[&str]| {
        let of = |name: &&str| ("fe80::1".parse().unwrap(), LinkName::new(name).unwrap());
        let link_local_by_name = names.iter().map(of).collect();
        FilterTable { ipv6: Some(Ipv6Filter { link_local_by_name, ..Ipv6Filter::default() }), ..table(&[]) }
    };
    assert!(change(&named(&[]), &named(&["a0"])).is_none());
    assert!(change(&named(&["a0"]), &named(&["a0", "a1"])).is_some());
    assert!(change(&named(&["a0"]), &named(&[])).is_none());
}

#[test]
fn many_addresses_fit_into_messages() {
    let many: Vec<String> = (0..10_000_u16).map(|n| format!("10.0.{}.{}", n >> 8, n & 0xff)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let messages = install(&table(&many));
    assert!(batch::bytes(&messages).len() > 10_000 * 16);
    assert!(messages.iter().all(|message| message.length() < 65_536));
}
