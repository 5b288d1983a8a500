//! `standfast explain`: what a keyword or a diagnostic means.

use std::process::ExitCode;

use clap::Args;
use config::reference::{self, Asked};

use crate::output;

/// Explains a keyword of the configuration: meaning, syntax, range, default, the blocks that it stands in, an example.
/// Or a diagnostic, by its code.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// A keyword (priority), one of a certain block (vrrp_script/weight), or a code (SF0201)
    #[arg(value_name = "KEYWORD|CODE")]
    pub(super) word: String,
}

pub(super) fn run(options: &Options) -> ExitCode {
    let word = options.word.as_str();
    if let Some(text) = reference::explain(Asked { word, path: None }) {
        output::put(&text);
        return ExitCode::SUCCESS;
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    let near = reference::nearest(name).map_or(String::new(), |near| format!("; did you mean {near}?"));
    output::complain(&format!("{word} is neither a keyword nor the code of a diagnostic{near}"));
    ExitCode::FAILURE
}
