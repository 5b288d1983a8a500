//! Which account a script runs as, and whether it may run at all.

use host::{Account, Command};

use super::Resolver;
use crate::diagnostic::{Class, Diagnostic, Severity, code};
use crate::source::Span;
use crate::surroundings::PathFacts;

/// The account that scripts run as if it exists and nothing else is said.
const SCRIPT_ACCOUNT: &str = "keepalived_script";

const SET_UID: u32 = 0o4000;
const SET_GID: u32 = 0o2000;
const STICKY: u32 = 0o1000;
const GROUP_WRITE: u32 = 0o020;
const OTHER_WRITE: u32 = 0o002;

impl Resolver<'_, '_> {
    /// Who scripts run as unless they say otherwise.
    pub(super) fn script_user(&mut self) -> Option<Account> {
        match &self.global.script_user {
            Some(set) => self.account(&set.value, set.at),
            None => match self.surroundings.user(SCRIPT_ACCOUNT) {
                Some((uid, gid)) => {
                    let groups = self.groups(SCRIPT_ACCOUNT, gid, false);
                    Some(Account { uid, gid, groups })
                }
                None if self.security() => None,
                None => Some(self.surroundings.running_as()),
            },
        }
    }

    fn groups(&self, user: &str, gid: u32, asked: bool) -> Vec<u32> {
        let wanted = asked || self.global.set_supplementary_groups.as_ref().is_some_and(|set| set.value);
        if wanted { self.surroundings.groups_of(user, gid) } else { Vec::new() }
    }

    /// The account that `user`, `user group` or `user :group` names; complains if there is none.
    pub(crate) fn account(&mut self, words: &[String], at: Span) -> Option<Account> {
        let user = words.first()?;
        let Some((uid, mut gid)) = self.surroundings.user(user) else {
            self.reader.complain(code::NO_ACCOUNT, at, format!("There is no user `{user}`"));
            return None;
        };
        let mut more = false;
        if let Some(word) = words.get(1) {
            let group = match word.strip_prefix(':') {
                Some(group) => {
                    more = true;
                    group
                }
                None => word,
            };
            // A colon by itself keeps the primary group; the name may also stand behind it as a word.
            let group = if group.is_empty() { words.get(2).map_or("", String::as_str) } else { group };
            if !group.is_empty() {
                let Some(id) = self.surroundings.group(group) else {
                    self.reader.complain(code::NO_ACCOUNT, at, format!("There is no group `{group}`"));
                    return None;
                };
                gid = id;
            }
        }
        let groups = self.groups(user, gid, more);
        Some(Account { uid, gid, groups })
    }

    /// A command that may run, its program's path resolved; complains if it may not. `identity` is empty for the
    /// default account.
    pub(crate) fn command(
        &mut self,
        mut argv: Vec<String>,
        at: Span,
        identity: &[String],
        identity_at: Span,
    ) -> Option<Command> {
        let account = if identity.is_empty() {
            if self.default_account.is_none() {
                let message = "Who this script should run as does not exist; it is not run";
                let help = format!("create the account {SCRIPT_ACCOUNT}, or say script_user in global_defs");
                self.reader.report.add(Diagnostic::new(code::NO_ACCOUNT, at, message).help(help));
            }
            self.default_account.clone()?
        } else {
            self.account(identity, identity_at)?
        };
        let program = argv.first_mut()?;
        // `<FILE` asks whether a file can be opened, and starts nothing.
        if !program.starts_with("</") {
            *program = self.program(program, at, &account)?;
        }
        self.first_script = self.first_script.or(Some(at));
        let default = self.surroundings.running_as();
        let account = Some(account).filter(|account| *account != default);
        Some(Command { argv, account })
    }

    /// The path of a program that the account may execute and nobody else could have changed.
    fn program(&mut self, name: &str, at: Span, account: &Account) -> Option<String> {
        let path = if name.contains('/') {
            name.to_owned()
        } else {
            let found = self.surroundings.search_path().into_iter().find_map(|directory| {
                let path = format!("{directory}/{name}");
                let facts = self.surroundings.facts(&path)?;
                (facts.is_file() && may_execute(facts, account)).then_some(path)
            });
            let Some(path) = found else {
                let message = format!("The script `{name}` is in no directory of PATH; it is not run");
                self.reader.complain(code::NO_SCRIPT, at, message);
                return None;
            };
            let message = format!("The script `{name}` is taken to be {path}");
            let note = Diagnostic::new(code::SCRIPT_PATH, at, message).severity(Severity::Warning);
            self.reader.report.add(note.class(Class::Complaint).help("write the whole path"));
            path
        };
        let resolved = self.surroundings.resolve(&path);
        let facts = resolved.as_ref().and_then(|resolved| self.surroundings.facts(resolved));
        let (Some(resolved), Some(facts)) = (resolved, facts) else {
            self.reader.complain(
                code::NO_SCRIPT,
                at,
                format!("The script {path} does not exist; it is not run"),
            );
            return None;
        };
        if !facts.is_file() || !may_execute(facts, account) {
            let why =
                if facts.is_file() { "may not be executed by its user" } else { "is not a regular file" };
            self.reader.complain(code::NO_SCRIPT, at, format!("The script {path} {why}; it is not run"));
            return None;
        }
        if !self.is_safe((&path, &resolved), facts, account, at) {
            return None;
        }
        let as_written = self.global.use_symlink_paths.as_ref().is_some_and(|set| set.value);
        Some(if as_written { path } else { resolved })
    }

    /// Differs: keepalived 2.4 does not run what lies behind a directory that is a symbolic link, such as `/bin`; it is
    /// run here by its real path, whose every part is looked at.
    fn by_link(&mut self, written: &str, path: &str, at: Span) {
        let directory = |path: &str| path.rsplit_once('/').map(|(directory, _)| directory.to_owned());
        let as_written = self.global.use_symlink_paths.as_ref().is_some_and(|set| set.value);
        let Some(named) = directory(written).filter(|named| !named.is_empty() && !as_written) else { return };
        let Some(real) = self.surroundings.resolve(&named).filter(|real| *real != named) else { return };
        let message =
            format!("{named} is a symbolic link to {real}, which keepalived 2.4 takes for insecure");
        let found = Diagnostic::new(code::LINKED_SCRIPT, at, message);
        self.reader.report.add(found.help(format!("write {path}")));
    }

    /// Whether nobody but root could change what root would run; complains if somebody could, and refuses it if script
    /// security is on.
    fn is_safe(
        &mut self,
        (written, path): (&str, &str),
        facts: PathFacts,
        account: &Account,
        at: Span,
    ) -> bool {
        let privileged =
            facts.mode & SET_UID != 0 && facts.uid == 0 || facts.mode & SET_GID != 0 && facts.gid == 0;
        if account.uid != 0 && account.gid != 0 && !privileged {
            return true;
        }
        self.by_link(written, path, at);
        let mut ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at.max(1)).collect();
        ends.push(path.len());
        let unsafe_part = ends
            .into_iter()
            .filter_map(|end| path.get(..end))
            .find(|part| self.surroundings.facts(part).is_some_and(|facts| !only_root_writes(facts)));
        let Some(part) = unsafe_part else { return true };
        let security = self.security();
        let message =
            format!("Unsafe permissions found for script {path}: others than root can change {part}");
        let found = Diagnostic::new(code::UNSAFE_SCRIPT, at, message);
        self.reader.report.add(if security {
            found.help("it is not run, since enable_script_security is set")
        } else {
            found.severity(Severity::Warning).help("with enable_script_security it would not run")
        });
        !security
    }
}

/// Whether nobody but root may write. A sticky directory may be written by anybody.
const fn only_root_writes(facts: PathFacts) -> bool {
    if facts.uid != 0 {
        return false;
    }
    if facts.is_directory() && facts.mode & STICKY != 0 {
        return true;
    }
    facts.mode & OTHER_WRITE == 0 && (facts.gid == 0 || facts.mode & GROUP_WRITE == 0)
}

/// Whether an account may execute a file, by its permission bits.
fn may_execute(facts: PathFacts, account: &Account) -> bool {
    let bit = if account.uid == 0 {
        0o111
    } else if account.uid == facts.uid {
        0o100
    } else if account.gid == facts.gid || account.groups.contains(&facts.gid) {
        0o010
    } else {
        0o001
    };
    facts.mode & bit != 0
}
