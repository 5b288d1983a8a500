//! config

