//! Keywords that are recognised and not yet supported, by block.
//!
//! Each is answered with a warning, and what stands in its block is taken as it is.

use crate::table::{Block, Keyword, Shape};
use crate::value::Kind;

/// A block of which nothing is kept.
pub(crate) struct Unread;

const fn line(name: &'static str) -> Keyword<Unread> {
    Keyword::new(name, Kind::Later(Shape::Line, ""))
}

const fn script(name: &'static str) -> Keyword<Unread> {
    Keyword::new(name, Kind::Later(Shape::Script, ""))
}

const fn lines(name: &'static str) -> Keyword<Unread> {
    Keyword::new(name, Kind::Later(Shape::Lines, ""))
}

const fn block(name: &'static str, rows: &'static Block<Unread>) -> Keyword<Unread> {
    Keyword::new(name, Kind::Later(Shape::Block(rows), ""))
}

/// `track_group`
pub(crate) static TRACK_GROUP: Block<Unread> = Block::new("track_group", &[lines("group")]);

/// `garp_group`
pub(crate) static GARP_GROUP: Block<Unread> = Block::new(
    "garp_group",
    &[line("garp_interval"), line("gna_interval"), line("interface"), lines("interfaces")],
);

/// `track_file`
pub(crate) static TRACK_FILE: Block<Unread> =
    Block::new("track_file", &[line("file"), line("weight"), line("init_file")]);

/// `vrrp_track_process`
pub(crate) static VRRP_TRACK_PROCESS: Block<Unread> = Block::new(
    "vrrp_track_process",
    &[
        line("process"),
        line("param_match"),
        line("weight"),
        line("quorum"),
        line("quorum_max"),
        line("delay"),
        line("terminate_delay"),
        line("fork_delay"),
        line("full_command"),
    ],
);

/// `vrrp_sync_group`
pub(crate) static VRRP_SYNC_GROUP: Block<Unread> = Block::new(
    "vrrp_sync_group",
    &[
        lines("group"),
        lines("track_interface"),
        lines("track_script"),
        lines("track_file"),
        lines("track_process"),
        lines("track_bfd"),
        script("notify_master"),
        script("notify_backup"),
        script("notify_fault"),
        script("notify_stop"),
        script("notify"),
        line("smtp_alert"),
        line("global_tracking"),
        line("sync_group_tracking_weight"),
        line("notify_priority_changes"),
    ],
);

/// `vrrp_instance/auth_hmac`
pub(crate) static AUTH_HMAC: Block<Unread> = Block::new(
    "auth_hmac",
    &[line("key"), line("active_key"), line("time_window"), line("anti_replay"), line("mode")],
);
