//! sim

