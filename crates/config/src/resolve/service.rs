//! Scripts of load balancing. As keepalived: one that is not there or may not run is not run, and a test does not mind;
//! but one that is there counts as a script that runs.

use host::Command;

use super::Resolver;
use crate::lex::CommandLine;
use crate::source::Span;
use crate::value::Set;

impl Resolver<'_, '_> {
    /// Whether a change of a server is mailed where it does not say.
    pub(crate) fn mail_of_services(&self) -> Option<Set<bool>> {
        self.global.smtp_alert_checker.clone().or_else(|| self.global.smtp_alert.clone())
    }

    /// Whether checks that do not say log every failure.
    pub(crate) fn logs_all_failures(&self) -> bool {
        self.global.lvs.checker_log_all_failures.as_ref().is_some_and(|set| set.value)
    }

    /// What is run on a change, with the identity that stands behind it.
    pub(crate) fn service_notify(&mut self, script: Option<&Set<CommandLine>>) -> Option<Command> {
        let script = script?;
        let identity = &script.value.identity;
        if !identity.is_empty() {
            self.reader.report.hush(true);
            let account = self.account(identity, script.at);
            self.reader.report.hush(false);
            account?;
        }
        self.service_command(&script.value, script.at, identity, script.at)
    }

    /// The program of a check; complains if its user does not exist.
    pub(crate) fn check_program(
        &mut self,
        program: &Set<CommandLine>,
        user: Option<&Set<Vec<String>>>,
    ) -> Option<Command> {
        let (identity, at) = match user {
            Some(user) => (user.value.as_slice(), user.at),
            None => (&[][..], program.at),
        };
        if !identity.is_empty() {
            self.account(identity, at)?;
        }
        self.service_command(&program.value, program.at, identity, at)
    }

    fn service_command(
        &mut self,
        line: &CommandLine,
        at: Span,
        identity: &[String],
        identity_at: Span,
    ) -> Option<Command> {
        let somebody = !identity.is_empty() || self.default_account.is_some();
        // That nobody is there to run it is complained of.
        self.reader.report.hush(somebody);
        let command = self.command(line.argv.clone(), at, identity, identity_at);
        self.reader.report.hush(false);
        if somebody
            && command.is_none()
            && line.argv.first().is_some_and(|program| self.surroundings.facts(program).is_some())
        {
            self.first_script = self.first_script.or(Some(at));
        }
        command
    }
}
