//! The blocks: for each the struct, its rows, and its lowering.

pub(crate) mod address;
pub(crate) mod auth_hmac;
pub(crate) mod authentication;
pub(crate) mod bfd_instance;
pub(crate) mod check;
mod endpoint;
mod forwarding;
pub(crate) mod global_defs;
pub(crate) mod line;
pub(crate) mod link;
mod pace;
mod real_server;
pub(crate) mod root;
pub(crate) mod route;
pub(crate) mod rule;
pub(crate) mod services;
mod snmp_name;
pub(crate) mod ssl;
pub(crate) mod statics;
pub(crate) mod track;
pub(crate) mod track_file;
pub(crate) mod track_process;
pub(crate) mod virtual_server;
pub(crate) mod virtual_server_group;
pub(crate) mod vrrp_instance;
pub(crate) mod vrrp_script;
pub(crate) mod vrrp_sync_group;

#[cfg(test)]
mod tests;
