//! Patterns of file names: `*`, `?`, `[…]` as in glob(7), and `{a,b}` as in csh.

/// Most alternatives that the braces of one pattern may stand for.
const MAX_ALTERNATIVES: usize = 1024;

/// Whether a pattern has a wildcard (braces are not one).
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The patterns that the braces stand for, in order: `a{b,c}d` is `abd`, `acd`. Braces may nest. `{}` and a brace
/// without its partner are ordinary text. `None` if there are too many.
pub(crate) fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(text) = open.pop() {
        match first_braces(&text) {
            None => done.push(text),
            Some((start, commas, end)) => {
                let mut cuts = vec![start];
                cuts.extend(commas);
                cuts.push(end);
                for pair in cuts.windows(2).rev() {
                    if let [from, to] = *pair {
                        let (head, tail) = (text.get(..start)?, text.get(end + 1..)?);
                        open.push(format!("{head}{}{tail}", text.get(from + 1..to)?));
                    }
                }
            }
        }
        if done.len() + open.len() > MAX_ALTERNATIVES {
            return None;
        }
    }
    Some(done)
}

/// The first braces that have a partner: where they open, the commas of that level, where they close.
fn first_braces(text: &str) -> Option<(usize, Vec<usize>, usize)> {
    let bytes = text.as_bytes();
    let mut start = 0;
    while let Some(at) = bytes.get(start..)?.iter().position(|&byte| byte == b'{').map(|at| at + start) {
        let (mut depth, mut commas) = (0_usize, Vec::new());
        for (offset, byte) in bytes.iter().enumerate().skip(at) {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 && offset > at + 1 => return Some((at, commas, offset)),
                b'}' => depth = depth.saturating_sub(1),
                b',' if depth == 1 => commas.push(offset),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        start = at + 1;
    }
    None
}

/// Whether a path matches a pattern, step by step: no wildcard matches a `/`.
pub(crate) fn path_matches(pattern: &str, path: &str) -> bool {
    let (wanted, steps): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    wanted.len() == steps.len() && wanted.iter().zip(&steps).all(|(wanted, step)| name_matches(wanted, step))
}

/// Whether one name matches. A leading dot is matched by a dot only.
pub(crate) fn name_matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where the last `*` stands and what it has eaten: the only thing worth going back to.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
                continue;
            }
            Some('?') => Some(at + 1),
            Some('[') => match class(&pattern, at) {
                Some((end, holds)) => holds(name.get(from).copied().unwrap_or_default()).then_some(end),
                None => (name.get(from) == Some(&'[')).then_some(at + 1),
            },
            Some('\\') if pattern.get(at + 1).is_some() => {
                (pattern.get(at + 1) == name.get(from)).then_some(at + 2)
            }
            Some(wanted) => (Some(wanted) == name.get(from)).then_some(at + 1),
            None => None,
        };
        match (step, star) {
            (Some(next), _) => (at, from) = (next, from + 1),
            (None, Some((back, eaten))) => {
                star = Some((back, eaten + 1));
                (at, from) = (back + 1, eaten + 1);
            }
            (None, None) => return false,
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|&c| c == '*'))
}

/// A `[…]` that opens at `at`: where the pattern goes on, and the test. `None` if it does not close.
fn class(pattern: &[char], at: usize) -> Option<(usize, impl Fn(char) -> bool + '_)> {
    let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    let close = pattern.iter().skip(first + 1).position(|&c| c == ']')? + first + 1;
    let inside = pattern.get(first..close)?;
    let holds = move |c: char| {
        let mut rest = inside;
        while let [from, tail @ ..] = rest {
            if let ['-', to, tail @ ..] = tail {
                if (*from..=*to).contains(&c) {
                    return !negated;
                }
                rest = tail;
            } else {
                if *from == c {
                    return !negated;
                }
                rest = tail;
            }
        }
        negated
    };
    Some((close + 1, holds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stand_for_their_alternatives_in_order() {
        let all = |text| alternatives(text).unwrap();
        assert_eq!(all("a{b,c}d"), ["abd", "acd"]);
        assert_eq!(all("{a,b}{1,2}"), ["a1", "a2", "b1", "b2"]);
        assert_eq!(all("x{a,{b,c}}"), ["xa", "xb", "xc"]);
        assert_eq!(all("{}a{"), ["{}a{"]);
        assert_eq!(alternatives(&"{a,b}".repeat(20)), None);
    }

    #[test]
    fn wildcards_match_as_the_shell_does() {
        for (pattern, name, yes) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".conf", false),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[", "[", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("\\*", "*", true),
        ] {
            assert_eq!(name_matches(pattern, name), yes, "{pattern} {name}");
        }
        assert!(path_matches("/etc/*/x.conf", "/etc/a/x.conf"));
        assert!(!path_matches("/etc/*", "/etc/a/x.conf"));
    }
}
