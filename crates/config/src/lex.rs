//! Lines → words and braces; and the second tokeniser, which scripts and patterns are read with.

use crate::source::Span;

/// What separates words.
pub(crate) const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// Where the comment of a line begins: a `#` or `!` outside double quotes that no backslash precedes. The length if
/// there is none.
pub(crate) fn comment_at(text: &str) -> usize {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b'#' | b'!')) {
        return text.len();
    }
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'#' | b'!' if !quoted && !escaped => return at,
            _ => {}
        }
        escaped = *byte == b'\\' && !quoted;
    }
    text.len()
}

/// A piece of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    /// A word, without its quotes.
    Word(Span),
    /// `{`
    Open(Span),
    /// `}`
    Close(Span),
    /// A quotation mark without its partner, with the rest of the line.
    Unmatched(Span),
}

/// The tokens of a line. `text` is the whole text that `line` is a span of.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    start: usize,
}

impl<'t> Lexer<'t> {
    /// `text` is what stands at `line`.
    pub(crate) const fn new(text: &'t str, line: Span) -> Self {
        Self { text, at: 0, start: line.start() }
    }

    const fn span(&self, from: usize, to: usize) -> Span {
        Span::new(self.start + from, self.start + to)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|&byte| is_blank(char::from(byte))) {
            self.at += 1;
        }
        let from = self.at;
        match bytes.get(from)? {
            b'{' => {
                self.at += 1;
                Some(Token::Open(self.span(from, from + 1)))
            }
            b'}' => {
                self.at += 1;
                Some(Token::Close(self.span(from, from + 1)))
            }
            b'"' => {
                let inside = bytes.get(from + 1..).unwrap_or_default();
                match inside.iter().position(|&byte| byte == b'"') {
                    Some(length) => {
                        self.at = from + length + 2;
                        Some(Token::Word(self.span(from + 1, from + 1 + length)))
                    }
                    None => {
                        self.at = bytes.len();
                        Some(Token::Unmatched(self.span(from, bytes.len())))
                    }
                }
            }
            _ => {
                let ends = |&byte: &u8| matches!(byte, b'{' | b'}' | b'"') || is_blank(char::from(byte));
                let rest = bytes.get(from..).unwrap_or_default();
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                self.at = from + length;
                Some(Token::Word(self.span(from, from + length)))
            }
        }
    }
}

/// A command as the file has it: what to run, and perhaps as whom.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct CommandLine {
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    /// Further words: user and group.
    pub(crate) identity: Vec<String>,
}

/// Reads what follows a script keyword: first into command line, user and group with backslashes kept, then the
/// command line into program and arguments. `Err` is the unmatched quotation mark.
pub(crate) fn command_line(text: &str) -> Result<CommandLine, char> {
    let mut outer = split(text, false)?.into_iter();
    let argv = split(&outer.next().unwrap_or_default(), true)?;
    Ok(CommandLine { argv, identity: outer.collect() })
}

/// Words of a script line: `"…"` and `'…'` quote, pieces that touch are one word. With `escapes`, a backslash and
/// what follows stand for one character; without, they stand for themselves and cannot end a quotation.
pub(crate) fn split(text: &str, escapes: bool) -> Result<Vec<String>, char> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\\', None | Some('"')) if escapes => {
                let (made, after) = escape(rest.as_str());
                word.get_or_insert_default().push_str(&made);
                rest = after.chars();
            }
            ('\\', _) if !escapes => {
                let word = word.get_or_insert_default();
                word.push(c);
                word.extend(rest.next());
            }
            (_, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
                // The first split keeps quotes within a word of several pieces for the second only if they are inside
                // other quotes; these are outside, so they go.
            }
            (c, None) if is_blank(c) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    match quote {
        Some(open) => Err(open),
        None => {
            words.extend(word);
            Ok(words)
        }
    }
}

/// What an escape stands for (the backslash is gone already), and what follows it.
fn escape(text: &str) -> (String, &str) {
    let mut chars = text.chars();
    let Some(c) = chars.next() else { return ("\\".into(), "") };
    let rest = chars.as_str();
    let simple = |c: char| (String::from(c), rest);
    match c {
        'a' => simple('\x07'),
        'b' => simple('\x08'),
        'E' => simple('\x1b'),
        'f' => simple('\x0c'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\x0b'),
        'c' => match rest.chars().next() {
            Some(letter) if letter.is_ascii() => (
                String::from(char::from(letter.to_ascii_uppercase() as u8 & 0x1f)),
                rest.get(1..).unwrap_or(""),
            ),
            _ => simple('c'),
        },
        'x' => number(rest, 16, 2).unwrap_or_else(|| simple('x')),
        '0'..='7' => number(text, 8, 3).unwrap_or_else(|| simple(c)),
        other => simple(other),
    }
}

/// Up to `most` digits as the number of a character.
fn number(text: &str, radix: u32, most: usize) -> Option<(String, &str)> {
    let length = text.bytes().take(most).take_while(|&byte| char::from(byte).is_digit(radix)).count();
    let (digits, rest) = text.split_at_checked(length)?;
    let value = u32::from_str_radix(digits, radix).ok()?;
    Some((String::from(char::from_u32(value & 0xff)?), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        Lexer::new(text, Span::new(0, text.len()))
            .map(|token| match token {
                Token::Word(span) => &text[span.start()..span.end()],
                Token::Open(_) => "{",
                Token::Close(_) => "}",
                Token::Unmatched(_) => "?",
            })
            .collect()
    }

    #[test]
    fn comments_start_anywhere_outside_double_quotes() {
        for (line, kept) in
            [("abc!x", "abc"), ("# all", ""), ("a \"#b\" #c", "a \"#b\" "), ("a\\#b", "a\\#b"), ("a", "a")]
        {
            assert_eq!(&line[..comment_at(line)], kept);
        }
    }

    #[test]
    fn words_end_at_blanks_quotes_and_braces() {
        assert_eq!(words("global_defs{ a \"b c\"}"), ["global_defs", "{", "a", "b c", "}"]);
        // A quote glued to other text splits the word; single quotes are ordinary characters.
        assert_eq!(words("k9\"x\"z"), ["k9", "x", "z"]);
        assert_eq!(words("'a b'"), ["'a", "b'"]);
        assert_eq!(words("a \"b"), ["a", "?"]);
        assert_eq!(words("\"\\t\""), ["\\t"]);
    }

    /// `notify "/opt/n.sh a 'b c'" alice staff` runs `/opt/n.sh` with `a` and `b c`.
    #[test]
    fn a_script_line_is_split_twice() {
        let line = command_line("\"/opt/n.sh a 'b c'\" alice staff").unwrap();
        assert_eq!(line.argv, ["/opt/n.sh", "a", "b c"]);
        assert_eq!(line.identity, ["alice", "staff"]);
        assert_eq!(command_line("/bin/x a b").unwrap().argv, ["/bin/x"]);
        assert_eq!(command_line("ab\"c d\"e").unwrap().argv, ["abc", "de"]);
        assert_eq!(command_line("\"/bin/x"), Err('"'));
    }

    #[test]
    fn escapes_are_those_of_the_c_language_and_a_few_more() {
        assert_eq!(split("a\\tb\\x41\\101\\cA\\q", true).unwrap(), ["a\tbAA\x01q"]);
        assert_eq!(split("ab\"c d\"e", true).unwrap(), ["abc de"]);
    }
}
