//! One engine, one host, one end of the bus.
#![forbid(unsafe_code)]

pub mod bus;
