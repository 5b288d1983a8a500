//! standfast

