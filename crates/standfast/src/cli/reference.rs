//! `standfast reference`: what is generated from the keywords' rows and from this command line.
//!
//! The files are kept in the repository, so that they can be read there and packaged without building; a test compares
//! them with what would be written now.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, Subcommand};
use clap_complete::Shell;
use config::reference::{completion, examples, man, markdown, not_yet, schema};

use crate::output;

/// Prints the reference of the configuration in the form that is asked for.
#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(subcommand)]
    form: Form,
}

#[derive(Subcommand, Debug)]
enum Form {
    /// The manual page keepalived.conf(5), for man -l -
    Man,
    /// A JSON schema of the settings that `standfast show effective` prints
    Schema,
    /// The pages of the documentation, one a block
    Markdown {
        /// Of this block only, as in vrrp_instance or virtual_server.real_server
        #[arg(value_name = "BLOCK")]
        block: Option<String>,
    },
    /// Completion of this command line for a shell
    Completion {
        /// The shell
        shell: Shell,
    },
    #[command(hide = true)]
    Write {
        /// The root of the repository
        root: PathBuf,
    },
}

pub(super) fn run(options: &Options, line: Command) -> ExitCode {
    match &options.form {
        Form::Man => output::put(&man::page()),
        Form::Schema => output::put(&schema::schema()),
        Form::Markdown { block } => return pages(block.as_deref()),
        Form::Completion { shell } => output::put(&completed(&line, *shell)),
        Form::Write { root } => {
            if let Err(why) = write(root, line) {
                output::complain(&format!("{}: {why}", root.display()));
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn pages(block: Option<&str>) -> ExitCode {
    let wanted = block.map(|block| format!("{}.md", block.replace('/', ".")));
    let mut pages = markdown::pages().into_iter();
    let Some(wanted) = wanted else {
        for page in pages {
            output::put(&page.text);
        }
        return ExitCode::SUCCESS;
    };
    match pages.find(|page| page.file == wanted) {
        Some(page) => {
            output::put(&page.text);
            ExitCode::SUCCESS
        }
        None => {
            output::complain(&format!("there is no block {}", wanted.trim_end_matches(".md")));
            ExitCode::FAILURE
        }
    }
}

/// The completion of a command line, which knows every keyword behind `explain`.
fn completed(line: &Command, shell: Shell) -> String {
    let line = visible(line);
    let words = PossibleValuesParser::new(completion::explainable());
    let mut line =
        line.mut_subcommand("explain", |verb| verb.mut_arg("word", |word| word.value_parser(words)));
    let name = line.get_name().to_owned();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut line, name, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// A command line without the verbs that are not for people.
fn visible(line: &Command) -> Command {
    let verbs = line.get_subcommands().filter(|verb| !verb.is_hide_set()).map(visible);
    let mut shown = Command::new(line.get_name().to_owned()).args(line.get_arguments()).subcommands(verbs);
    if let Some(about) = line.get_about() {
        shown = shown.about(about.clone());
    }
    shown
}

/// Where the pages stand in the repository.
const PAGES: &str = "docs/reference";

/// Where the kept inputs of the fuzz target `files` stand.
const INPUTS: &str = "fuzz/corpus/files";

/// All generated files of the repository: path below its root, and text.
fn files(line: &Command) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        markdown::pages().into_iter().map(|page| (format!("{PAGES}/{}", page.file), page.text)).collect();
    files.push((format!("{PAGES}/keepalived.conf.schema.json"), schema::schema()));
    let inputs = examples().map(|(block, text)| (format!("{INPUTS}/keywords.{block}"), text));
    files.extend(inputs);
    files.push(("packaging/keepalived.conf.5".into(), man::page()));
    for (shell, name) in
        [(Shell::Bash, "standfast.bash"), (Shell::Fish, "standfast.fish"), (Shell::Zsh, "_standfast")]
    {
        files.push((format!("packaging/completions/{name}"), completed(line, shell)));
    }
    files
}

fn write(root: &Path, line: Command) -> io::Result<()> {
    let files = files(&line);
    for old in kept(root)? {
        if !files.iter().any(|(path, _)| *path == old) {
            fs::remove_file(root.join(old))?;
        }
    }
    // One list in a page that is written by hand otherwise.
    let page = root.join("COMPATIBILITY.md");
    if let Ok(text) = fs::read_to_string(&page) {
        fs::write(page, not_yet::renewed(&text))?;
    }
    for (path, text) in files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// The pages that are there now; all of that folder is generated.
fn kept(root: &Path) -> io::Result<Vec<String>> {
    let folder = match fs::read_dir(root.join(PAGES)) {
        Ok(folder) => folder,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(why),
    };
    folder.map(|entry| Ok(format!("{PAGES}/{}", entry?.file_name().to_string_lossy()))).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    const AGAIN: &str = "run: cargo run -p standfast -- reference write .";

    #[test]
    fn what_is_generated_is_what_is_kept() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let files = files(&super::super::Line::command());
        for (path, text) in &files {
            let have = fs::read_to_string(root.join(path)).unwrap_or_default();
            let line = have.lines().zip(text.lines()).position(|(have, now)| have != now);
            assert!(
                have == *text,
                "{path} is not what the rows say (line {:?}); {AGAIN}",
                line.map(|line| line + 1)
            );
        }
        for path in kept(&root).unwrap() {
            assert!(files.iter().any(|(known, _)| *known == path), "{path} is no longer made; {AGAIN}");
        }
    }

    #[test]
    fn a_shell_completes_verbs_and_keywords() {
        let text = completed(&super::super::Line::command(), Shell::Bash);
        for word in ["explain", "virtual_router_id", "SF0201"] {
            assert!(text.contains(word), "{word}");
        }
        assert!(!text.contains("demo-guard"), "hidden verbs are not completed");
    }
}
