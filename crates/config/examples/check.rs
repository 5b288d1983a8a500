//! Reads a configuration from disk and prints what is wrong with it: `check [-t] [-i ID] -f FILE`. The exit status is
//! that of a configuration test.
use std::process::ExitCode;

use config::{Disk, Request, ThisHost, load};

#[expect(clippy::print_stdout, reason = "printing is all this example is for")]
#[expect(clippy::disallowed_methods, reason = "PATH tells where scripts are")]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let behind = |option: &str| {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).map(String::as_str)
    };
    let mut request = Request::new(behind("-f").unwrap_or("/etc/keepalived/keepalived.conf"));
    request.test = true;
    request.config_id = behind("-i");
    let loaded = load(&request, &Disk::default(), &ThisHost::new(std::env::vars().collect()));
    for line in loaded.log_lines() {
        println!("{line}");
    }
    ExitCode::from(loaded.test_status())
}
