//! The command line's options: one row each.

/// An option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    pub(super) short: Option<char>,
    pub(super) long: &'static str,
    pub(super) value: Value,
    pub(super) is: Is,
    pub(super) help: &'static str,
}

/// Whether a word goes with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// None may.
    None,
    /// One must: glued, after `=`, or the next.
    Required(&'static str),
    /// One may: glued, or after `=`.
    Optional(&'static str),
}

/// What an option asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Is {
    File,
    VrrpOnly,
    CheckOnly,
    NoBfd,
    All,
    Console,
    Detail,
    Facility,
    LogFile,
    NoSyslog,
    Umask,
    KeepVrrp,
    KeepIpvs,
    NoRespawn,
    Foreground,
    Dump,
    Pid,
    VrrpPid,
    CheckersPid,
    BfdPid,
    Namespace,
    CoreDump,
    StrictIncludes,
    ConfigId,
    SignalNumber,
    Test,
    IgnoreInterrupt,
    Version,
    Help,
    /// Accepted, and without effect here because there is nothing that it could change.
    Moot,
    /// Accepted with a warning: the daemon runs, but without what was asked for.
    NotYet,
    /// Refused: running without what was asked for would do harm.
    Refused,
}

const fn flag(short: char, long: &'static str, value: Value, is: Is, help: &'static str) -> Flag {
    Flag { short: Some(short), long, value, is, help }
}

const fn long(long: &'static str, value: Value, is: Is, help: &'static str) -> Flag {
    Flag { short: None, long, value, is, help }
}

use Value::{None as Bare, Optional, Required};

/// All of upstream's options, in the order of its usage text.
pub(super) const FLAGS: &[Flag] = &[
    flag(
        'f',
        "use-file",
        Required("FILE"),
        Is::File,
        "Use the specified configuration file, or all that a pattern names",
    ),
    flag('P', "vrrp", Bare, Is::VrrpOnly, "Only run with VRRP subsystem"),
    flag('C', "check", Bare, Is::CheckOnly, "Only run with Health-checker subsystem"),
    flag('B', "no_bfd", Bare, Is::NoBfd, "Don't run BFD subsystem"),
    long("all", Bare, Is::All, "Run every subsystem, even without configuration for it"),
    flag('l', "log-console", Bare, Is::Console, "Log messages to local console"),
    flag('D', "log-detail", Bare, Is::Detail, "Detailed log messages"),
    flag(
        'S',
        "log-facility",
        Required("0-7|local0-7|user|daemon"),
        Is::Facility,
        "Set syslog facility (default daemon)",
    ),
    flag('g', "log-file", Optional("FILE"), Is::LogFile, "Also log to FILE (default /tmp/keepalived.log)"),
    long("flush-log-file", Bare, Is::Moot, "Accepted: the log file is always written at once"),
    flag('G', "no-syslog", Bare, Is::NoSyslog, "Don't log via syslog"),
    flag('u', "umask", Required("MASK"), Is::Umask, "umask for file creation (in numeric form)"),
    flag('X', "release-vips", Bare, Is::Moot, "Accepted: addresses are always dropped on transition"),
    flag('V', "dont-release-vrrp", Bare, Is::KeepVrrp, "Don't remove virtual addresses on daemon stop"),
    flag('I', "dont-release-ipvs", Bare, Is::KeepIpvs, "Don't remove IPVS topology on daemon stop"),
    flag('R', "dont-respawn", Bare, Is::NoRespawn, "Don't respawn child processes"),
    flag('n', "dont-fork", Bare, Is::Foreground, "Don't fork the daemon process"),
    flag('d', "dump-conf", Bare, Is::Dump, "Log the configuration"),
    flag('p', "pid", Required("FILE"), Is::Pid, "Use specified pidfile for parent process"),
    flag('r', "vrrp_pid", Required("FILE"), Is::VrrpPid, "Use specified pidfile for VRRP child process"),
    flag('T', "genhash", Bare, Is::Refused, "Enter into genhash utility mode"),
    flag(
        'c',
        "checkers_pid",
        Required("FILE"),
        Is::CheckersPid,
        "Use specified pidfile for checkers child process",
    ),
    flag('a', "address-monitoring", Bare, Is::NotYet, "Report all address additions and deletions"),
    flag('b', "bfd_pid", Required("FILE"), Is::BfdPid, "Use specified pidfile for BFD child process"),
    flag('x', "snmp", Bare, Is::NotYet, "Enable SNMP subsystem"),
    flag('A', "snmp-agent-socket", Required("FILE"), Is::NotYet, "Use the specified socket for master agent"),
    flag('s', "namespace", Required("NAME"), Is::Namespace, "Run in network namespace NAME"),
    flag('m', "core-dump", Bare, Is::CoreDump, "Produce core dump if terminated abnormally"),
    flag('M', "core-dump-pattern", Optional("PATTERN"), Is::NotYet, "Also set the kernel's core pattern"),
    flag('e', "all-config", Bare, Is::StrictIncludes, "Error if any configuration file is missing"),
    flag(
        'i',
        "config-id",
        Required("ID"),
        Is::ConfigId,
        "Obey configuration lines beginning @ID or @^OTHER only",
    ),
    long(
        "signum",
        Required("SIGFUNC"),
        Is::SignalNumber,
        "Print signal number for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON",
    ),
    flag(
        't',
        "config-test",
        Optional("LOG_FILE"),
        Is::Test,
        "Check the configuration, output to stderr by default",
    ),
    long("ignore-sigint", Bare, Is::IgnoreInterrupt, "Ignore SIGINT"),
    long("config-fd", Required("NUMBER"), Is::Moot, "Accepted: the configuration is read once"),
    long("perf", Optional("all|run|end"), Is::NotYet, "Record performance data"),
    long("debug", Optional("LETTERS"), Is::NotYet, "Debug classes"),
    flag('L', "mem-check-log", Bare, Is::Moot, "Accepted: memory is checked by the language"),
    long("no-mem-check", Bare, Is::Moot, "Accepted, without effect"),
    long("openssl-mem-check", Bare, Is::Moot, "Accepted, without effect"),
    flag('v', "version", Bare, Is::Version, "Display the version number"),
    flag('h', "help", Bare, Is::Help, "Display this help message"),
];

/// The row of a one-letter option.
pub(super) fn by_letter(letter: char) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.short == Some(letter))
}

/// The row of a long option. As `getopt_long`: a beginning is enough if it is the beginning of one name only.
pub(super) fn by_name(name: &str) -> Option<&'static Flag> {
    let exact = FLAGS.iter().find(|flag| flag.long == name);
    exact.or_else(|| {
        let mut fitting = FLAGS.iter().filter(|flag| flag.long.starts_with(name));
        fitting.next().filter(|_| fitting.next().is_none())
    })
}

/// The text of `-h`.
pub(super) fn usage(program: &str) -> String {
    let rows = FLAGS.iter().map(|flag| {
        let short = flag.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let value = match flag.value {
            Bare => String::new(),
            Required(name) => format!("={name}"),
            Optional(name) => format!("[={name}]"),
        };
        let left = format!("{short}--{}{value}", flag.long);
        let gap = if left.len() > 28 { format!("\n{:32}", "") } else { " ".repeat(30 - left.len()) };
        let missing = matches!(flag.is, Is::NotYet | Is::Refused);
        let yet = if missing { " (not yet supported)" } else { "" };
        format!("  {left}{gap}{}{yet}\n", flag.help)
    });
    rows.fold(format!("Usage: {program} [OPTION...]\n"), |text, row| text + &row)
}
