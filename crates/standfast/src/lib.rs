//! standfast
