//! The program as a process: command line, pid files, signals, exit statuses, scripts, crashes.
//!
//! Each test has a network namespace and a directory of its own. Without root those that need a namespace print
//! `SKIPPED: name: reason`.
#![forbid(unsafe_code)]

#[cfg(test)]
mod process {
    mod bench;
    mod command_line;
    mod control;
    mod crash;
    mod holds;
    mod ipvlan;
    mod ipvs;
    mod life;
    mod links;
    mod mail;
    mod manager;
    mod midway;
    mod network;
    mod options;
    mod pid_file;
    mod pipes;
    mod reload;
    mod scarce;
    mod scripts;
    mod sinks;
    mod start;
    mod stop;
    mod strict;
    mod track;
    mod vrf;
}
