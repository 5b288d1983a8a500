//! Reads a configuration from disk and prints what is wrong with it: `check [-t] FILE…`.
use std::process::ExitCode;

use config::{Disk, Request, ThisHost, load};

#[expect(clippy::print_stdout, reason = "printing is all this example is for")]
fn main() -> ExitCode {
    let mut status = 0;
    for path in std::env::args().skip(1) {
        let mut request = Request::new(&path);
        request.test = true;
        let loaded = load(&request, &Disk, &ThisHost::default());
        print!("{}", loaded.render(false));
        status = loaded.test_status();
        println!("{path}: {status} {}", loaded.effective.is_some());
    }
    ExitCode::from(status)
}
