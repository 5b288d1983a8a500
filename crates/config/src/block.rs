//! The blocks: for each the struct, its rows, and its lowering.

pub(crate) mod address;
pub(crate) mod authentication;
pub(crate) mod bfd_instance;
pub(crate) mod check;
mod endpoint;
mod forwarding;
pub(crate) mod global_defs;
mod later;
mod pace;
mod real_server;
pub(crate) mod root;
pub(crate) mod services;
mod snmp_name;
pub(crate) mod ssl;
pub(crate) mod track;
pub(crate) mod virtual_server;
pub(crate) mod virtual_server_group;
pub(crate) mod vrrp_instance;
pub(crate) mod vrrp_script;

#[cfg(test)]
mod tests;
