//! The machine against the real kernel: in namespaces, with real packets.

mod firewall;
mod links;
mod network;
mod packets;
mod routes;
mod rules;
mod udp;
mod wait;
