//! The program `keepalived`.
fn main() {}
