//! One engine, one host, one end of the bus.
//!
//! [`crate::vrrp::Vrrp`] is the vrrp worker, [`crate::bfd::Bfd`] the bfd worker, [`crate::check::Check`] the check worker:
//! each tells its engine what the machine and the supervisor say, and performs what the engine asks for, in order. [`notify`] makes scripts' runs and
//! pipes' lines of the vrrp engine's notices, [`bus`] is the language between worker and supervisor, [`processes`]
//! counts what `vrrp_track_process` tracks. The machine is a type parameter: Linux in production, `sim` in the
//! simulator. The loop that waits for packets, answers and deadlines is the machine's affair and not here.
#![forbid(unsafe_code)]

pub mod bfd;
pub mod bus;
pub mod check;
pub mod notify;
pub mod processes;
pub mod vrrp;

pub use self::bfd::Bfd;
pub use self::check::Check;
pub use self::vrrp::Vrrp;
