use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use host::Account;

use super::*;
use crate::process::Ended;

/// A folder of its own, that anybody may write to.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("standfast-script-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        Self(path)
    }

    /// Runs a line of shell as somebody, and gives back what it wrote.
    fn run(&self, line: &str, account: Option<Account>) -> String {
        let out = self.0.join("out");
        let line = format!("exec > {}; {line}", out.display());
        let argv = ["/bin/sh", "-c", &line].map(String::from).into();
        let child = start(&host::Command { argv, account }, &["CARGO_MANIFEST_DIR"]).unwrap();
        assert_eq!(child.wait().unwrap(), Ended::Exited(0));
        fs::read_to_string(out).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(argv: &[&str], account: Option<Account>) -> host::Command {
    host::Command { argv: argv.iter().map(|word| (*word).into()).collect(), account }
}

#[test]
fn a_script_runs_as_who_it_is_told_to_with_those_groups_and_no_others() {
    if crate::testbed::skipped("becoming another") {
        return;
    }
    let scratch = Scratch::new("account");
    let account = Account { uid: 65_534, gid: 4_242, groups: vec![4_243, 4_244] };
    let said = scratch.run("id -u; id -g; id -G", Some(account));
    assert_eq!(said, "65534\n4242\n4242 4243 4244\n");
    assert_eq!(scratch.run("id -u", None), "0\n");
}

#[test]
fn a_script_leads_a_group_of_its_own_and_has_no_variable_that_is_withheld_and_no_descriptor_of_ours() {
    let scratch = Scratch::new("manner");
    let line = "test $(ps -o pgid= -p $$) = $$ && echo leads; echo ${CARGO_MANIFEST_DIR-none}; readlink /proc/$$/fd/0";
    assert_eq!(scratch.run(line, None), "leads\nnone\n/dev/null\n");
}

/// Not asked of a shell, which may block signals of its own.
#[test]
fn no_signal_that_is_blocked_here_is_blocked_in_a_script() {
    let scratch = Scratch::new("signals");
    let status = scratch.0.join("status");
    let all = nix::sys::signal::SigSet::all();
    all.thread_block().unwrap();
    let child = start(&command(&["/bin/cp", "/proc/self/status", status.to_str().unwrap()], None), &[]);
    all.thread_unblock().unwrap();
    assert_eq!(child.unwrap().wait().unwrap(), Ended::Exited(0));
    let status = fs::read_to_string(status).unwrap();
    assert!(status.contains("SigBlk:\t0000000000000000\n"), "{status}");
}

#[test]
fn what_cannot_begin_is_an_error_and_no_child() {
    let missing = start(&command(&["/nonexistent"], None), &[]).unwrap_err();
    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
    let folder = start(&command(&["/tmp"], None), &[]).unwrap_err();
    assert_eq!(folder.raw_os_error(), Some(libc::EACCES));
    assert!(start(&command(&[], None), &[]).is_err());
    let account = Some(Account { uid: u32::MAX, gid: 0, groups: vec![] });
    assert!(start(&command(&["/bin/true"], account), &[]).is_err());
}

/// `ENOEXEC`, as keepalived.
#[test]
fn a_script_without_a_shebang_is_run_by_the_shell() {
    let scratch = Scratch::new("plain");
    let path = scratch.0.join("plain");
    fs::write(&path, "exit 7\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let child = start(&command(&[path.to_str().unwrap()], None), &[]).unwrap();
    assert_eq!(child.wait().unwrap(), Ended::Exited(7));
}
