//! How long one reading of each file takes, and how much memory: what the fuzzer calls slow is read again by this, since
//! everything takes many times as long under its eyes.
//!
//!     cargo run --release -p standfast-config --example reading -- FILE…
//!
//! Prints the slowest and the largest, and fails when a reading takes a second or 256 MiB.
#![expect(clippy::print_stdout, reason = "it is a program for people")]

use std::process::ExitCode;
use std::{env, fs};

/// Seconds of processor.
const MOST_SECONDS: f64 = 1.0;
const MOST_MIB: u64 = 256;

fn main() -> ExitCode {
    let (mut slowest, mut largest) = ((0.0, String::new()), (0, String::new()));
    let mut count = 0;
    for path in env::args().skip(1) {
        let Ok(bytes) = fs::read(&path) else { continue };
        forget_the_peak();
        let before = processor_seconds();
        std::hint::black_box(config::fuzz_reading(&bytes));
        let (took, peak) = (processor_seconds() - before, peak_mib());
        count += 1;
        if took > slowest.0 {
            slowest = (took, path.clone());
        }
        if peak > largest.0 {
            largest = (peak, path);
        }
    }
    println!(
        "{count} read; slowest {:.2} s ({}); largest {} MiB ({})",
        slowest.0, slowest.1, largest.0, largest.1
    );
    if slowest.0 < MOST_SECONDS && largest.0 < MOST_MIB { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Ticks of user and system time, a hundredth of a second each.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn forget_the_peak() {
    // Without it the peak is that of the readings before, too: larger, never smaller.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}
