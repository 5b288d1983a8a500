//! The program as a process: command line, pid files, signals, exit statuses, scripts, crashes.
//!
//! Each test has a network namespace and a directory of its own. Without root those that need a namespace print
//! `SKIPPED: name: reason`.
#![forbid(unsafe_code)]

#[cfg(test)]
mod bench;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod control;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod manager;
#[cfg(test)]
mod pid_file;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod start;
#[cfg(test)]
mod stop;
