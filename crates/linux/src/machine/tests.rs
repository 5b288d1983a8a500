//! The machine against the real kernel: in namespaces, with real packets.

mod links;
mod network;
mod packets;
mod routes;
mod wait;
