//! The way into the loop.

use std::path::Path;

use config::Effective;
use config::effective::Daemon;
use host::{Instant, Severity};
use linux::group_reports::Silence;
use linux::journal::Journal;
use linux::pidfile::{PidFile, PidFileError};
use linux::{Poll, privilege, process, signal};

use super::control::{self, Control};
use super::copies::Copies;
use super::dumps::Dumps;
use super::in_force::InForce;
use super::jobs::Jobs;
use super::mail::Mail;
use super::pipes::EventPipes;
use super::place::{Directory, Home, Place};
use super::reading::{self, Reading};
use super::reload::Reload;
use super::reserve::Reserve;
use super::stop::Phase;
use super::survey::Survey;
use super::timetable::Timetable;
use super::watchdog::Watchdog;
use super::workers::{BfdWorker, CheckWorker, VrrpWorker};
use super::{CONTROL, Supervisor};
use crate::VERSION;
use crate::calm::Calm;
use crate::compat::{self, Options};
use crate::detach::Starter;
use crate::exit::Exit;
use crate::log::LogOptions;
use crate::manner::set_name;
use crate::readiness::Readiness;
use crate::say::complain;

/// Permissions that new files do not get unless `-u` says otherwise. As keepalived; scripts inherit it too.
const DEFAULT_UMASK: u32 = 0o177;

/// Takes all that a daemon needs, or says why it cannot be had.
pub(super) fn start(options: Options, detached: bool) -> Result<Supervisor, Exit> {
    let log = LogOptions::supervisor(&options, "");
    privilege::set_umask(options.umask.unwrap_or(DEFAULT_UMASK));
    let mut voice = Voice { journal: log.open(), aloud: !log.has_console() };
    let starter = detached.then(Starter::leave).transpose();
    let starter = starter.map_err(|error| voice.fail(&format!("Unable to detach: {error}"), Exit::Fatal))?;
    voice.introduce(&options);
    allow_core_dumps(&options, &mut voice);
    // From here on a signal to stop is obeyed in its turn, and leaves no files behind.
    let mut poll = open_poll(&mut voice)?;
    let Reading { effective, refusal, lines, errors, copy, save_directory: _ } = reading::read(&options);
    for (severity, line) in &lines {
        voice.say(*severity, line);
    }
    let Some(mut effective) = effective else {
        let status = refusal.unwrap_or(2);
        let line = format!("Unable to use configuration file {}", options.config);
        return Err(voice.fail(&line, Exit::Configuration(status)));
    };
    voice.say(Severity::Info, &format!("Configuration file {}", options.config));
    let until_booted = effective.daemon.delay_after_boot.saturating_sub(linux::clock::uptime());
    effective.vrrp.startup_delay = effective.vrrp.startup_delay.max(until_booted);
    let place = Place::of(&options, &effective.daemon.identity);
    let (home, directory) = settle(&place, &options, &mut voice)?;
    let (pid_file, vrrp_pid_file) = claim(&place, &mut voice)?;
    let silence = silence(&mut effective, &mut voice);
    let control = open_control(&place.pid_file, &mut poll, &mut voice);
    let umask = umask_of(&options, &effective.daemon);
    privilege::set_umask(umask);
    set_name(&effective.daemon.workers.name);
    let readiness = Readiness::new(options.environment.notify_socket.as_deref());
    Ok(Supervisor {
        effective: keep(effective, &mut voice)?,
        umask,
        place,
        home,
        poll,
        journal: voice.journal,
        readiness,
        starter,
        started: false,
        _pid_file: pid_file,
        vrrp_pid_file,
        bfd_pid_file: None,
        check_pid_file: None,
        accepted: errors,
        vrrp: VrrpWorker::default(),
        bfd: BfdWorker::default(),
        check: CheckWorker::default(),
        jobs: Jobs::default(),
        mail: Mail::default(),
        pipes: EventPipes::default(),
        control,
        reserve: Reserve::new(),
        reload: Reload::default(),
        timetable: Timetable::default(),
        watchdog: Watchdog::default(),
        bfd_watchdog: Watchdog::default(),
        check_watchdog: Watchdog::default(),
        survey: Survey::default(),
        dumps: Dumps::default(),
        copies: Copies::starting_with(copy),
        phase: Phase::Running,
        cleaning: false,
        calm: Calm::default(),
        exit: Exit::Normal,
        finished: Vec::new(),
        _directory: directory,
        _silence: silence,
        options,
    })
}

fn keep(effective: Effective, voice: &mut Voice) -> Result<InForce, Exit> {
    let failed = |error| voice.fail(&format!("Unable to keep the configuration: {error}"), Exit::Fatal);
    InForce::new(effective).map_err(failed)
}

fn allow_core_dumps(options: &Options, voice: &mut Voice) {
    if options.core_dumps
        && let Err(error) = privilege::allow_core_dumps()
    {
        voice.say(Severity::Warning, &format!("Unable to allow core dumps: {error}"));
    }
}

impl Supervisor {
    /// The first turn.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.options.dump {
            match self.effective.read() {
                Ok(effective) => self.log(Severity::Info, &format!("{effective:#?}")),
                Err(error) => {
                    self.log(Severity::Error, &format!("Unable to read the configuration: {error}"))
                }
            }
        }
        self.copy_first();
        self.follow_time_file(now);
        if self.run_startup_script(now) {
            self.phase = Phase::Starting;
        } else {
            self.begin_workers(now);
        }
    }

    /// Starts what the configuration has something for.
    pub(super) fn begin_workers(&mut self, now: Instant) {
        self.init_files(&[]);
        self.provide_pipes(now);
        if self.wants_bfd() {
            self.start_bfd(now);
        }
        if self.wants_vrrp() {
            self.start_vrrp(now);
        }
        if self.wants_check() {
            self.start_check(now);
        }
        if !self.wants_bfd() && !self.wants_vrrp() && !self.wants_check() {
            self.log(Severity::Warning, "Warning - keepalived has no configuration to run");
            self.complete_start();
        }
    }

    pub(super) fn wants_vrrp(&self) -> bool {
        self.options.vrrp && (self.options.all || self.effective.has_routers)
    }

    /// Every worker obeys its configuration for the first time.
    pub(super) fn complete_start(&mut self) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.log(Severity::Info, "Startup complete");
        self.readiness.ready();
        if let Some(starter) = self.starter.take() {
            starter.ready();
        }
        self.calm.stir();
    }
}

/// Permissions that new files do not get. As keepalived: the command line counts before the file.
pub(super) fn umask_of(options: &Options, daemon: &Daemon) -> u32 {
    options.umask.unwrap_or(daemon.umask)
}

/// Takes the daemon's place: its network namespace before anything is opened in one, its directory, its name.
fn settle(place: &Place, options: &Options, voice: &mut Voice) -> Result<(Option<Home>, Directory), Exit> {
    let leave = |name: &String| {
        let why = |error| format!("Unable to enter network namespace {name}: {error}");
        Home::leave(name).map_err(why)
    };
    let home = place.namespace.as_ref().map(leave).transpose();
    let home = home.map_err(|line| voice.fail(&line, Exit::Fatal))?;
    let directory = place.prepare().map_err(|error| {
        let line = format!("Unable to make the directory of {}: {error}", place.pid_file.display());
        voice.fail(&line, Exit::Fatal)
    })?;
    if !place.suffix.is_empty() {
        voice.journal.flush();
        voice.journal = LogOptions::supervisor(options, &place.suffix).open();
    }
    Ok((home, directory))
}

/// Keeps the kernel from reporting local groups, if it is to be and can be. As keepalived: for the daemon's life.
fn silence(effective: &mut Effective, voice: &mut Voice) -> Option<Silence> {
    match effective.daemon.no_local_igmp.then(Silence::begin)? {
        Ok(silence) => Some(silence),
        Err(error) => {
            let line = format!("Unable to turn off reports of local groups (disable_local_igmp): {error}");
            voice.say(Severity::Warning, &line);
            // Then its reports are still led away from VMACs.
            effective.daemon.no_local_igmp = false;
            effective.vrrp.firewall.no_local_reports = false;
            None
        }
    }
}

/// Takes both pid files.
fn claim(place: &Place, voice: &mut Voice) -> Result<(PidFile, PidFile), Exit> {
    let reserve = PidFile::reserve(&place.pid_file);
    match reserve.and_then(|file| Ok((file, PidFile::reserve(&place.vrrp_pid_file)?))) {
        Ok((mut file, vrrp_file)) => {
            // As keepalived: a full disk keeps nobody from being master. The lock is what counts.
            if let Err(error) = file.write(std::process::id()) {
                let path = place.pid_file.display();
                voice.say(Severity::Error, &format!("Unable to write pid file {path}: {error}"));
            }
            Ok((file, vrrp_file))
        }
        // As keepalived: not an error for whoever wanted a daemon to run.
        Err(error @ PidFileError::Running) => Err(voice.fail(&error.to_string(), Exit::Normal)),
        Err(error @ PidFileError::Refused { .. }) => Err(voice.fail(&error.to_string(), Exit::Fatal)),
    }
}

/// What speaks before there is a supervisor.
struct Voice {
    journal: Journal,
    /// Nothing goes to standard error by itself.
    aloud: bool,
}

impl Voice {
    fn say(&mut self, severity: Severity, line: &str) {
        host::Journal::write(&mut self.journal, severity, line);
    }

    fn introduce(&mut self, options: &Options) {
        self.say(Severity::Info, &format!("Starting Keepalived ({VERSION})"));
        self.say(Severity::Info, &format!("Running on {}", compat::system()));
        let words: Vec<String> = options.words.iter().map(|word| format!("'{word}'")).collect();
        self.say(Severity::Info, &format!("Command line: {}", words.join(" ")));
        for complaint in &options.complaints {
            self.say(Severity::Warning, complaint);
            if self.aloud {
                complain(complaint);
            }
        }
        self.say(Severity::Detail, &format!("Opening file '{}'.", options.config));
    }

    /// Says why there is no daemon, to whoever started it too.
    fn fail(&mut self, line: &str, exit: Exit) -> Exit {
        self.say(Severity::Error, line);
        self.journal.flush();
        if self.aloud {
            complain(line);
        }
        exit
    }
}

fn open_poll(voice: &mut Voice) -> Result<Poll, Exit> {
    let signals = [
        signal::STOP,
        signal::INTERRUPT,
        signal::RELOAD,
        signal::DATA,
        signal::STATS,
        signal::CHILD,
        signal::QUIT,
        signal::stats_clear(),
        signal::json(),
    ];
    let open = || -> Result<Poll, Box<dyn std::error::Error>> {
        let mut poll = Poll::new()?;
        poll.catch(&signals)?;
        process::adopt_orphans()?;
        Ok(poll)
    };
    open().map_err(|error| voice.fail(&error.to_string(), Exit::Fatal))
}

/// A daemon without a control socket does its work all the same.
fn open_control(pid_file: &Path, poll: &mut Poll, voice: &mut Voice) -> Option<Control> {
    let path = control::socket_path(pid_file);
    match Control::open(&path, poll, CONTROL) {
        Ok(control) => Some(control),
        Err(error) => {
            voice.say(
                Severity::Warning,
                &format!("Unable to open control socket {}: {error}", path.display()),
            );
            None
        }
    }
}
