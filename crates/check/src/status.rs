//! How the engine stands, for people and monitoring.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// All virtual servers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// In the order of the file.
    pub services: Vec<ServiceStatus>,
    /// Orders to the kernel that have no answer yet.
    pub outstanding: u32,
    /// Entries of the kernel's table that it refused to make.
    pub refused: u32,
}

/// A virtual server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its name in logs.
    pub name: String,
    /// Whether enough of it lives; `None` if that was never decided.
    pub quorum: Option<bool>,
    /// Weight that must live.
    pub needed: u32,
    /// Weight above it that it takes to come up, and below it to go down.
    pub hysteresis: u32,
    /// Weight that lives.
    pub weight: u64,
    /// The sorry server, if there is one.
    pub sorry_server: Option<String>,
    /// The sorry server serves.
    pub sorry: bool,
    /// In the order of the file.
    pub servers: Vec<ServerStatus>,
}

/// A real server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServerStatus {
    /// Its name in logs.
    pub name: String,
    /// Its share.
    pub weight: u32,
    /// It may take traffic.
    pub up: bool,
    /// Its checks that are made.
    pub checks: Vec<CheckStatus>,
}

/// A check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckStatus {
    /// Its keyword.
    pub kind: String,
    /// The BFD session that it follows.
    pub session: Option<String>,
    /// It thinks that the server lives.
    pub up: bool,
}
