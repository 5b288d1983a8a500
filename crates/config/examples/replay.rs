//! Runs the body of a fuzz target over files, each as often as it is named: `replay files|config FILE…`. Built as a
//! release and under `time -v` it tells what an input costs that a fuzzer calls slow or large.
use std::io;

use config::{fuzz_files, fuzz_pipeline};

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let body: fn(&[u8]) = if words.next().as_deref() == Some("files") { fuzz_files } else { fuzz_pipeline };
    for path in words {
        body(&std::fs::read(path)?);
    }
    Ok(())
}
