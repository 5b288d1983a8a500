//! The blocks: for each the struct, its rows, and its lowering.

pub(crate) mod address;
pub(crate) mod auth_hmac;
pub(crate) mod authentication;
pub(crate) mod global_defs;
mod later;
pub(crate) mod line;
pub(crate) mod link;
pub(crate) mod root;
pub(crate) mod route;
pub(crate) mod rule;
pub(crate) mod statics;
pub(crate) mod track;
pub(crate) mod track_file;
pub(crate) mod track_process;
pub(crate) mod vrrp_instance;
pub(crate) mod vrrp_script;
pub(crate) mod vrrp_sync_group;

#[cfg(test)]
mod tests;
