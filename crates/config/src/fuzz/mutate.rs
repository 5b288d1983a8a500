//! Changes of words, of lines and of blocks.

use std::ops::Range;

use super::word::{any_row, any_word};
use super::{Draw, MARK};
use crate::reference::{example_in_its_blocks, example_line};
use crate::table::Value;

/// Another text made from one by a few changes that the seed tells, at most this many bytes long.
pub fn fuzz_mutate(text: &[u8], seed: u32, most: usize) -> Vec<u8> {
    let mut draw = Draw::new(seed.into());
    let text = String::from_utf8_lossy(text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=draw.below(4) {
        match draw.below(5) {
            0 | 1 => words(&mut draw, &mut lines),
            2 | 3 => line(&mut draw, &mut lines),
            _ => block(&mut draw, &mut lines),
        }
    }
    let mut bytes = Vec::with_capacity(most.min(text.len() * 2));
    for line in lines {
        if bytes.len() + line.len() >= most {
            break;
        }
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// Changes one word of a line.
fn words(draw: &mut Draw, lines: &mut [String]) {
    let word = any_word(draw, lines);
    let at = draw.below(lines.len());
    let Some(line) = lines.get_mut(at) else { return };
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let at = draw.below(words.len());
    match draw.below(7) {
        0 | 1 => words[at] = word,
        2 => words.insert(at, word),
        3 => drop(words.remove(at)),
        4 => words.push(word),
        5 => words.swap(at, 0),
        _ => words[at] = format!("\"{}\"", words[at]),
    }
    *line = words.join(" ");
}

/// Changes, moves or adds a line.
fn line(draw: &mut Draw, lines: &mut Vec<String>) {
    let at = draw.below(lines.len() + 1);
    let to = draw.below(lines.len() + 1);
    let Some(line) = lines.get(at).cloned() else { return insert(draw, lines) };
    match draw.below(9) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(to, line),
        2 => {
            let times = 1 << draw.below(6);
            lines.splice(at..at, vec![line; times]);
        }
        3 => lines[at] = format!("@{}main {line}", if draw.below(2) == 0 { "" } else { "^" }),
        4 => lines[at] = format!("~SEQ(A, {}) {line}", 1 + draw.below(300)),
        5 => lines[at] = format!("$A={line}"),
        6 => part(draw, lines, at),
        _ => insert(draw, lines),
    }
}

/// Puts what follows a line into a file of its own, which is included there.
fn part(draw: &mut Draw, lines: &mut Vec<String>, at: usize) {
    let name = draw.one_of(&["a", "b", "c.conf", "keepalived.conf"]).copied().unwrap_or("a");
    let include = draw.one_of(&["include", "includea", "includem"]).copied().unwrap_or("include");
    let wanted = draw.one_of(&[name, "*", "{a,b}", "[a-c]*"]).copied().unwrap_or(name);
    let rest = lines.split_off(at);
    lines.push(format!("{include} {wanted}"));
    lines.push(format!("{MARK}{name}"));
    lines.extend(rest);
}

/// Adds the example of a keyword, where its block is open if it is anywhere.
fn insert(draw: &mut Draw, lines: &mut Vec<String>) {
    let Some((path, row)) = any_row(draw) else { return };
    let block = path.rsplit('/').next().unwrap_or_default();
    let opens = |line: &String| line.split_whitespace().next() == Some(block) && line.ends_with('{');
    let homes: Vec<usize> = (0..lines.len()).filter(|&at| lines.get(at).is_some_and(opens)).collect();
    match draw.one_of(&homes) {
        Some(home) => drop(lines.splice(home + 1..=*home, example_line(path, row))),
        None => lines.extend(example_in_its_blocks(path, row)),
    }
    if row.value == Value::Block {
        words(draw, lines);
    }
}

/// Changes, moves or repeats a block.
fn block(draw: &mut Draw, lines: &mut Vec<String>) {
    let Some(range) = any_block(draw, lines) else { return insert(draw, lines) };
    let whole: Vec<String> = lines[range.clone()].to_vec();
    let to = draw.below(lines.len() + 1);
    match draw.below(7) {
        0 => drop(lines.splice(range, [])),
        1 => drop(lines.splice(to..to, whole)),
        2 => {
            lines.splice(range, []);
            let to = to.min(lines.len());
            lines.splice(to..to, whole);
        }
        3 => drop(lines.remove(range.end - 1)),
        4 => drop(lines.remove(range.start)),
        5 => {
            let times = 1 + draw.below(40);
            let named = (0..times).flat_map(|time| renamed(&whole, time));
            lines.splice(range, named.collect::<Vec<_>>());
        }
        _ => {
            let mut stored = vec!["$B=\\".to_owned()];
            stored.extend(whole.iter().map(|line| format!("{line} \\")));
            stored.push(String::new());
            stored.push(format!("~SEQ(A, {}) $B", 1 + draw.below(30)));
            lines.splice(range, stored);
        }
    }
}

/// A copy whose name, if it has one, is another.
fn renamed(block: &[String], time: usize) -> Vec<String> {
    let head = block.first().map(|head| head.replacen(" {", &format!("{time} {{"), 1));
    head.into_iter().chain(block.iter().skip(1).cloned()).collect()
}

/// The lines of a block: from one that opens it to the one where its brace is closed, or the end.
fn any_block(draw: &mut Draw, lines: &[String]) -> Option<Range<usize>> {
    let opening: Vec<usize> =
        (0..lines.len()).filter(|&at| lines.get(at).is_some_and(|line| line.ends_with('{'))).collect();
    let start = *draw.one_of(&opening)?;
    let mut depth: usize = 0;
    for (at, line) in lines.iter().enumerate().skip(start) {
        depth += line.matches('{').count();
        depth = depth.saturating_sub(line.matches('}').count());
        if depth == 0 {
            return Some(start..at + 1);
        }
    }
    Some(start..lines.len())
}
