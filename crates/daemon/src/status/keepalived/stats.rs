//! `keepalived.stats`.

use std::fmt::Write;

use vrrp::status::{Counters, InstanceStatus, SignatureCounters};

/// One block an instance.
pub fn stats(status: &vrrp::Status) -> String {
    let mut text = String::new();
    for instance in &status.instances {
        // Writing to a string cannot fail.
        let _ = write_one(&mut text, instance);
    }
    text
}

fn write_one(out: &mut String, instance: &InstanceStatus) -> std::fmt::Result {
    let Counters {
        adverts_received,
        adverts_sent,
        became_master,
        released_master,
        packet_length,
        ttl,
        invalid_type,
        interval,
        address_list,
        invalid_authentication_type,
        authentication_type_mismatch,
        authentication_failure,
        signatures,
        release_received,
        release_sent,
        // Upstream has no line for these; `status` on the control socket tells them.
        version: _,
        checksum: _,
        unknown_peer: _,
        addresses_restored: _,
        unsent: _,
    } = instance.counters;
    writeln!(out, "VRRP Instance: {}", instance.name)?;
    writeln!(out, "  Advertisements:\n    Received: {adverts_received}\n    Sent: {adverts_sent}")?;
    writeln!(out, "  Became master: {became_master}\n  Released master: {released_master}")?;
    writeln!(out, "  Packet Errors:\n    Length: {packet_length}\n    TTL: {ttl}")?;
    writeln!(out, "    Invalid Type: {invalid_type}\n    Advertisement Interval: {interval}")?;
    writeln!(out, "    Address List: {address_list}")?;
    writeln!(out, "  Authentication Errors:\n    Invalid Type: {invalid_authentication_type}")?;
    writeln!(
        out,
        "    Type Mismatch: {authentication_type_mismatch}\n    Failure: {authentication_failure}"
    )?;
    let SignatureCounters { missing, malformed, unknown_key, wrong, stale, replayed } = signatures;
    writeln!(out, "  Authentication Extension Errors:\n    Missing: {missing}\n    Malformed: {malformed}")?;
    writeln!(out, "    Unknown Key: {unknown_key}\n    Invalid HMAC: {wrong}")?;
    writeln!(out, "    Stale: {stale}\n    Replay: {replayed}")?;
    writeln!(out, "  Priority Zero:\n    Received: {release_received}\n    Sent: {release_sent}")
}
