//! Upstream's command line, and the environment: the only place that reads either.
//!
//! As keepalived: options are taken one after the other, `-v`, `-h` and `--signum` answer at once, an optional word must
//! be glued or follow `=`, a long name may be cut short, stray words are named and ignored.

pub mod check;
mod environment;
mod flags;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use linux::journal::Facility;

pub(crate) use environment::Environment;

use crate::VERSION;
use flags::{Flag, Is, Value};

/// The configuration without `-f`.
pub const DEFAULT_CONFIG: &str = "/etc/keepalived/keepalived.conf";
/// The log file of `-g` without a name.
pub const DEFAULT_LOG_FILE: &str = "/tmp/keepalived.log";

/// What the command line wants.
#[derive(Debug)]
pub enum Wish {
    /// Run the daemon.
    Run(Box<Options>),
    /// Test the configuration; the answer goes to the end of the file if one is named.
    Test(Box<Options>, Option<PathBuf>),
    /// Print this to standard output.
    Answer(String),
    /// Print this to standard error; nothing is wrong.
    Explain(String),
    /// The command line makes no sense, and this is why.
    Refuse(String),
}

/// How to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// `-f`, made absolute: the file, or a pattern.
    pub config: String,
    /// `-P` and `-C`: whether VRRP runs.
    pub vrrp: bool,
    /// The same for load balancing.
    pub check: bool,
    /// No `-B`.
    pub bfd: bool,
    /// `--all`: workers run even if there is nothing for them.
    pub all: bool,
    /// `-l`.
    pub console: bool,
    /// `-D`.
    pub detail: bool,
    /// `-S`.
    pub facility: Facility,
    /// `-g`.
    pub log_file: Option<PathBuf>,
    /// No `-G`.
    pub syslog: bool,
    /// `-u`.
    pub umask: Option<u32>,
    /// `-V`.
    pub keep_vrrp: bool,
    /// `-I`.
    pub keep_ipvs: bool,
    /// No `-R`.
    pub respawn: bool,
    /// `-n`.
    pub foreground: bool,
    /// `-d`.
    pub dump: bool,
    /// `-p`.
    pub pid_file: Option<PathBuf>,
    /// `-r`.
    pub vrrp_pid_file: Option<PathBuf>,
    /// `-b`.
    pub bfd_pid_file: Option<PathBuf>,
    /// `-c`.
    pub check_pid_file: Option<PathBuf>,
    /// `-s`.
    pub namespace: Option<String>,
    /// `-m`.
    pub core_dumps: bool,
    /// `-e`.
    pub strict_includes: bool,
    /// `-i`.
    pub config_id: Option<String>,
    /// `--ignore-sigint`.
    pub ignore_interrupt: bool,
    /// What was asked for and is not there; to be said once there is a log.
    pub complaints: Vec<String>,
    /// Every word of the command line, for the log.
    pub words: Vec<String>,
    /// What the environment says.
    pub(crate) environment: Environment,
}

impl Options {
    fn new(words: Vec<String>, environment: Environment) -> Self {
        Self {
            config: DEFAULT_CONFIG.into(),
            vrrp: true,
            check: true,
            bfd: true,
            all: false,
            console: false,
            detail: false,
            facility: Facility::Daemon,
            log_file: None,
            syslog: true,
            umask: None,
            keep_vrrp: false,
            keep_ipvs: false,
            respawn: true,
            foreground: false,
            dump: false,
            pid_file: None,
            vrrp_pid_file: None,
            bfd_pid_file: None,
            check_pid_file: None,
            namespace: None,
            core_dumps: false,
            strict_includes: false,
            config_id: None,
            ignore_interrupt: false,
            complaints: Vec::new(),
            words,
            environment,
        }
    }

    /// The configuration to read.
    pub(crate) fn request(&self, seed: u64, test: bool) -> config::Request<'_> {
        config::Request {
            path: &self.config,
            config_id: self.config_id.as_deref(),
            check_includes: self.strict_includes,
            test,
            seed,
        }
    }
}

/// This host as the daemon would see it, for a tool that looks at configurations.
pub fn this_host() -> config::ThisHost {
    Environment::read().this_host()
}

/// Reads a command line, the program's name first.
pub fn parse(arguments: &[OsString]) -> Wish {
    let words = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut reading = Reading {
        options: Box::new(Options::new(words, Environment::read())),
        only_vrrp: false,
        only_check: false,
        test: None,
    };
    let mut parser = lexopt::Parser::from_iter(arguments.iter().cloned());
    loop {
        match reading.next(&mut parser) {
            Ok(Step::More) => {}
            Ok(Step::Done) => return reading.finish(),
            Ok(Step::Answer(wish)) => return wish,
            Err(message) => return Wish::Refuse(message),
        }
    }
}

/// What has been read so far.
struct Reading {
    options: Box<Options>,
    only_vrrp: bool,
    only_check: bool,
    test: Option<Option<PathBuf>>,
}

enum Step {
    More,
    Done,
    Answer(Wish),
}

impl Reading {
    fn next(&mut self, parser: &mut lexopt::Parser) -> Result<Step, String> {
        let (name, flag) = match parser.next().map_err(|error| error.to_string())? {
            None => return Ok(Step::Done),
            Some(lexopt::Arg::Value(word)) => {
                let word = word.to_string_lossy().into_owned();
                self.options.complaints.push(format!("Unexpected argument(s): {word}"));
                return Ok(Step::More);
            }
            Some(lexopt::Arg::Short(letter)) => (format!("-{letter}"), flags::by_letter(letter)),
            Some(lexopt::Arg::Long(name)) => (format!("--{name}"), flags::by_name(name)),
        };
        let flag = flag.ok_or_else(|| format!("Unknown option {name}"))?;
        let value = match flag.value {
            // A word glued to one of these is an error that the next call reports.
            Value::None => None,
            Value::Optional(_) => parser.optional_value(),
            Value::Required(_) => {
                Some(parser.value().map_err(|_| format!("Missing parameter for option {name}"))?)
            }
        };
        self.take(flag, &name, value.unwrap_or_default())
    }

    fn take(&mut self, flag: &Flag, name: &str, word: OsString) -> Result<Step, String> {
        let options = &mut self.options;
        let text = word.to_string_lossy().into_owned();
        match flag.is {
            Is::File => options.config = absolute(&word)?,
            Is::VrrpOnly => self.only_vrrp = true,
            Is::CheckOnly => self.only_check = true,
            Is::All => options.all = true,
            Is::Console => options.console = true,
            Is::Detail => options.detail = true,
            Is::Facility => match facility(&text) {
                Some(facility) => options.facility = facility,
                // As keepalived: said, and the default stays.
                None => options.complaints.push(format!("Invalid log facility '{text}'")),
            },
            Is::LogFile if word.is_empty() => options.log_file = Some(DEFAULT_LOG_FILE.into()),
            Is::LogFile => options.log_file = Some(absolute(&word)?.into()),
            Is::NoSyslog => options.syslog = false,
            Is::Umask => match number(&text).filter(|&mask| mask <= 0o777) {
                Some(mask) => options.umask = Some(mask),
                None => options.complaints.push(format!("Invalid --umask option {text}")),
            },
            Is::KeepVrrp => options.keep_vrrp = true,
            Is::KeepIpvs => options.keep_ipvs = true,
            Is::NoRespawn => options.respawn = false,
            Is::Foreground => options.foreground = true,
            Is::Dump => options.dump = true,
            Is::Pid => options.pid_file = Some(absolute(&word)?.into()),
            Is::VrrpPid => options.vrrp_pid_file = Some(absolute(&word)?.into()),
            Is::Namespace => options.namespace = Some(text),
            Is::CoreDump => options.core_dumps = true,
            Is::StrictIncludes => options.strict_includes = true,
            Is::ConfigId => options.config_id = Some(text),
            Is::SignalNumber => return signal_number(&text).map(|number| Step::Answer(Wish::Answer(number))),
            Is::Test => self.test = Some((!word.is_empty()).then(|| PathBuf::from(word))),
            Is::IgnoreInterrupt => options.ignore_interrupt = true,
            Is::Version => return Ok(Step::Answer(Wish::Explain(version()))),
            Is::Help => return Ok(Step::Answer(Wish::Explain(self.usage()))),
            Is::NoBfd => options.bfd = false,
            Is::BfdPid => options.bfd_pid_file = Some(absolute(&word)?.into()),
            Is::CheckersPid => options.check_pid_file = Some(absolute(&word)?.into()),
            Is::Moot => {}
            Is::NotYet => {
                options
                    .complaints
                    .push(format!("Option {name} (--{}) is not yet supported: ignored", flag.long));
            }
            Is::Refused => return Err(format!("Option {name} (--{}) is not yet supported", flag.long)),
        }
        Ok(Step::More)
    }

    fn finish(mut self) -> Wish {
        // As keepalived: both together run both.
        self.options.vrrp = self.only_vrrp || !self.only_check;
        self.options.check = self.only_check || !self.only_vrrp;
        match self.test {
            Some(file) => Wish::Test(self.options, file),
            None => Wish::Run(self.options),
        }
    }

    fn usage(&self) -> String {
        let program = self.options.words.first().map_or("keepalived", String::as_str);
        flags::usage(Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or("keepalived"))
    }
}

/// The path from the root, so that it means the same after a change of directory. Not canonical: what a link names may
/// change between reloads, and that is its use.
fn absolute(path: &OsString) -> Result<String, String> {
    let absolute =
        std::path::absolute(path).map_err(|error| format!("{}: {error}", path.to_string_lossy()))?;
    absolute.into_os_string().into_string().map_err(|path| format!("{}: not UTF-8", path.to_string_lossy()))
}

fn facility(word: &str) -> Option<Facility> {
    match word {
        "daemon" => Some(Facility::Daemon),
        "user" => Some(Facility::User),
        _ => {
            let number: u8 = word.strip_prefix("local").unwrap_or(word).parse().ok()?;
            (number <= 7).then_some(Facility::Local(number))
        }
    }
}

/// A number as C writes it: 0x… is hexadecimal, 0… octal.
fn number(word: &str) -> Option<u32> {
    if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        u32::from_str_radix(digits, 16).ok()
    } else if word.len() > 1 && word.starts_with('0') {
        u32::from_str_radix(word, 8).ok()
    } else {
        word.parse().ok()
    }
}

fn signal_number(word: &str) -> Result<String, String> {
    use linux::signal;
    let number = match word {
        "STOP" => signal::STOP,
        "RELOAD" => signal::RELOAD,
        "DATA" => signal::DATA,
        "STATS" => signal::STATS,
        "STATS_CLEAR" => signal::stats_clear(),
        "JSON" => signal::json(),
        _ => return Err(format!("Unknown sigfunc {word}")),
    };
    Ok(number.to_string())
}

/// The text of `-v`.
fn version() -> String {
    format!("Keepalived ({VERSION})\n\nRunning on {}\n\nConfig options:  LVS VRRP VRRP_AUTH BFD", system())
}

/// The kernel, as the log and `-v` name it.
pub(crate) fn system() -> String {
    let uname = linux::process::system_name();
    format!("{} {} {}", uname.name, uname.release, uname.version)
}

#[cfg(test)]
mod tests;
