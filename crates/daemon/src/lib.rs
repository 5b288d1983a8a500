//! daemon

