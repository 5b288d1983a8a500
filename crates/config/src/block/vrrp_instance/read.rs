//! Keywords of `vrrp_instance` that are read in ways of their own.

use super::VrrpInstanceBlock;
use crate::diagnostic::{Diagnostic, code};
use crate::table::{Missing, OptionRow};
use crate::tree::NodeId;
use crate::value::{Reader, Set, switch};

/// `state MASTER` or `state BACKUP`.
pub(super) fn state(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpInstanceBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let before = block.election.state.as_ref().map(|set| (set.value, set.at));
    match (reader.text(at), before) {
        ("MASTER", _) => block.election.state = Some(Set { value: true, at }),
        ("BACKUP", Some((true, first))) => {
            let found = Diagnostic::new(code::DUPLICATE, at, "BACKUP after MASTER is ignored");
            reader.report.add(found.related(first, "MASTER stands here"));
        }
        ("BACKUP", _) => block.election.state = Some(Set { value: false, at }),
        (other, _) => {
            let found =
                Diagnostic::new(code::BAD_WORD, at, format!("`{other}` is no state; BACKUP is taken"));
            reader.report.add(found.help("MASTER or BACKUP"));
            if before.is_none_or(|(master, _)| !master) {
                block.election.state = Some(Set { value: false, at });
            }
        }
    }
}

/// As keepalived: a valid word, whichever, switches it on.
pub(super) fn skip_check_adv_addr(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpInstanceBlock) {
    let at = reader.arguments(node).first().copied();
    if let Some(at) = at {
        match switch(reader.text(at)) {
            None => {
                let message = format!("`{}` is neither on nor off; the line is ignored", reader.text(at));
                reader.complain(code::BAD_WORD, at, message);
                return;
            }
            Some(false) => {
                let message = "As in keepalived, skip_check_adv_addr is on here whatever the word";
                let found = Diagnostic::new(code::UNUSUAL, at, message);
                reader.report.add(found.help("leave the line out to switch it off"));
            }
            Some(true) => {}
        }
    }
    block.conduct.skip_check_adv_addr =
        Some(Set { value: true, at: at.unwrap_or_else(|| reader.keyword(node)) });
}

/// Accepted, and nothing comes of it.
pub(super) fn debug(reader: &mut Reader<'_>, node: NodeId, _: &mut VrrpInstanceBlock) {
    match reader.arguments(node).first() {
        None => reader.lacks_word(node, Missing::Stops),
        Some(&at) => {
            reader.integer(at, 0, 4, true);
        }
    }
}

/// What a line of `unicast_peer` may hold.
pub(super) static PEER_OPTIONS: &[OptionRow] = &[
    OptionRow::new("<address>", "", "Address of the peer."),
    OptionRow::new(
        "min_ttl",
        "<0..255>",
        "Adverts of the peer with a lower TTL are dropped; brings check_unicast_src.",
    )
    .default("0"),
    OptionRow::new(
        "max_ttl",
        "<0..255>",
        "Adverts of the peer with a higher TTL are dropped; brings check_unicast_src.",
    )
    .default("255"),
];

/// `old_unicast_checksum` or `old_unicast_checksum never`.
pub(super) fn old_unicast_checksum(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpInstanceBlock) {
    let at = reader.keyword(node);
    let mut value = true;
    if let Some(&word) = reader.arguments(node).first() {
        if reader.text(word) == "never" {
            value = false;
        } else {
            let message = format!("`{}` may not stand here; the line is ignored", reader.text(word));
            reader.report.add(Diagnostic::new(code::BAD_WORD, word, message).help("never, or nothing"));
        }
    }
    block.transport.old_unicast_checksum = Some(Set { value, at });
}

/// `notify_deleted`, with or without a script.
pub(super) fn notify_deleted(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpInstanceBlock) {
    let at = reader.keyword(node);
    if let Some(first) = &block.scripts.notify_deleted {
        let first = first.at;
        reader.second("notify_deleted", at, first);
        return;
    }
    if let Some(value) = reader.command_line("notify_deleted", node) {
        block.scripts.notify_deleted = Some(Set { value, at });
    }
}
