//! The blocks: for each the struct, its rows, and its lowering.

pub(crate) mod address;
pub(crate) mod authentication;
pub(crate) mod global_defs;
mod later;
pub(crate) mod root;
pub(crate) mod track;
pub(crate) mod vrrp_instance;
pub(crate) mod vrrp_script;

#[cfg(test)]
mod tests;
