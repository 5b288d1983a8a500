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

impl Status {
    /// The same in pieces that each have at most so many servers and checks, or one server: one piece at least. A virtual
    /// server that is cut has its head in each.
    pub fn pieces(self, most: usize) -> Vec<Self> {
        let Self { services, outstanding, refused } = self;
        let empty = || Self { services: Vec::new(), outstanding, refused };
        let mut pieces = Vec::from([empty()]);
        let mut room = most;
        for mut service in services {
            let servers = core::mem::take(&mut service.servers);
            let mut open = false;
            for server in servers {
                let size = 1 + server.checks.len();
                if size > room && room < most {
                    pieces.push(empty());
                    (room, open) = (most, false);
                }
                room = room.saturating_sub(size);
                let Some(piece) = pieces.last_mut() else { continue };
                if !core::mem::replace(&mut open, true) {
                    room = room.saturating_sub(1);
                    piece.services.push(service.clone());
                }
                if let Some(last) = piece.services.last_mut() {
                    last.servers.push(server);
                }
            }
        }
        pieces
    }

    /// Takes in the next piece.
    pub fn append(&mut self, piece: Self) {
        let Self { services, outstanding, refused } = piece;
        (self.outstanding, self.refused) = (outstanding, refused);
        for mut service in services {
            match self.services.last_mut() {
                Some(last) if last.name == service.name => last.servers.append(&mut service.servers),
                _ => self.services.push(service),
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn service(name: &str, servers: usize) -> ServiceStatus {
        let server = |number: usize| {
            let check =
                CheckStatus { kind: "BFD_CHECK".into(), session: Some(format!("B{number}")), up: true };
            ServerStatus { name: format!("{name}-{number}"), weight: 1, up: true, checks: [check].into() }
        };
        ServiceStatus {
            name: name.into(),
            quorum: Some(true),
            needed: 1,
            hysteresis: 0,
            weight: 1,
            sorry_server: None,
            sorry: false,
            servers: (0..servers).map(server).collect(),
        }
    }

    #[test]
    fn what_is_cut_into_pieces_and_put_together_again_is_the_same() {
        for sizes in [&[][..], &[1], &[3, 1, 40, 7], &[100]] {
            let services =
                sizes.iter().enumerate().map(|(n, size)| service(&format!("V{n}"), *size)).collect();
            let whole = Status { services, outstanding: 2, refused: 1 };
            let pieces = whole.clone().pieces(10);
            let size =
                |piece: &Status| piece.services.iter().map(|service| service.servers.len()).sum::<usize>();
            assert!(pieces.iter().all(|piece| size(piece) <= 5), "{sizes:?}");
            let mut again = Status::default();
            pieces.into_iter().for_each(|piece| again.append(piece));
            assert_eq!(again, whole, "{sizes:?}");
        }
    }
}
