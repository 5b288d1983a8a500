//! later
#[expect(dead_code, reason = "shared by several programs, each of which uses its part")]
mod netns;
fn main() -> std::process::ExitCode {
    netns::runner::main("capture", &netns::runner::Options::read(), Vec::new())
}
