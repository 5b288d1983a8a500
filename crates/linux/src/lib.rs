//! linux

