//! Words and braces → keywords with their words and their blocks.
//!
//! The tables say which keyword opens a block, so a missing `{` is seen where it is missing. A block behind an unknown
//! keyword is kept as a block of nothing: its lines never reach the block around it. (Upstream reads them as lines of
//! the enclosing block, whose `}` the inner one then is.)

use crate::diagnostic::{Diagnostic, code};
use crate::expand::Expander;
use crate::lex::{Lexer, Token};
use crate::source::Span;
use crate::table::{Rows, Shape};

/// Names a node of a [`Tree`]; later nodes stand later in the text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct NodeId(u32);

const NONE: u32 = u32::MAX;

/// A line: its words, and the block behind it.
#[derive(Debug)]
pub(crate) struct Node {
    words: u32,
    count: u32,
    /// From the first word to the end of the line or to its brace, quotes and all.
    pub(crate) line: Span,
    child: u32,
    next: u32,
    /// It has a block, perhaps an empty one.
    pub(crate) has_block: bool,
    /// A quotation mark lacks its partner.
    pub(crate) unmatched: bool,
}

/// The whole text as nodes, in one piece.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    words: Vec<Span>,
    first: u32,
}

impl Tree {
    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    /// The words of a node; the first is the keyword. Empty for a block that follows nothing.
    pub(crate) fn words(&self, id: NodeId) -> &[Span] {
        let Some(node) = self.node(id) else { return &[] };
        self.words.get(node.words as usize..(node.words + node.count) as usize).unwrap_or_default()
    }

    /// Lines outside all blocks.
    pub(crate) fn roots(&self) -> Siblings<'_> {
        Siblings { tree: self, next: if self.nodes.is_empty() { NONE } else { self.first } }
    }

    /// Lines of a node's block.
    pub(crate) fn children(&self, id: NodeId) -> Siblings<'_> {
        Siblings { tree: self, next: self.node(id).map_or(NONE, |node| node.child) }
    }
}

/// The lines of a block, in order.
pub(crate) struct Siblings<'a> {
    tree: &'a Tree,
    next: u32,
}

impl Iterator for Siblings<'_> {
    type Item = NodeId;
    fn next(&mut self) -> Option<NodeId> {
        let id = NodeId(self.next);
        self.next = self.tree.node(id)?.next;
        Some(id)
    }
}

/// A block that is open.
struct Level {
    /// Whose block; `None` for the text as a whole.
    owner: Option<NodeId>,
    /// The keywords that may stand here; `None` where lines are data or nothing is understood.
    rows: Option<&'static dyn Rows>,
    last: u32,
    opened_at: Span,
}

struct Builder<'e, 'a> {
    tree: Tree,
    expander: &'e mut Expander<'a>,
    levels: Vec<Level>,
    /// The keyword that must be followed by `{`, with the rows of its block.
    awaiting: Option<(NodeId, Option<&'static dyn Rows>)>,
    tokens: Vec<Token>,
}

/// Reads everything that the expander has.
pub(crate) fn build(expander: &mut Expander<'_>, rows: &'static dyn Rows) -> Tree {
    let outermost = Level { owner: None, rows: Some(rows), last: NONE, opened_at: Span::default() };
    let tree = Tree { nodes: Vec::new(), words: Vec::new(), first: 0 };
    let mut builder = Builder { tree, expander, levels: vec![outermost], awaiting: None, tokens: Vec::new() };
    while let Some(line) = builder.expander.next_line() {
        builder.line(line);
    }
    builder.finish()
}

impl Builder<'_, '_> {
    fn line(&mut self, line: Span) {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.clear();
        tokens.extend(Lexer::new(self.expander.sources.text(line), line));
        let mut rest = tokens.as_slice();
        while let Some(&token) = rest.first() {
            match token {
                Token::Open(at) => {
                    self.open(at);
                    rest = rest.get(1..).unwrap_or_default();
                }
                Token::Close(at) => {
                    self.close(at);
                    rest = rest.get(1..).unwrap_or_default();
                }
                Token::Word(_) | Token::Unmatched(_) => {
                    let brace = |token: &Token| matches!(token, Token::Open(_) | Token::Close(_));
                    let end = rest.iter().position(brace).unwrap_or(rest.len());
                    let (words, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    let until = match after.first() {
                        Some(Token::Open(at) | Token::Close(at)) => at.start(),
                        _ => line.end(),
                    };
                    self.words(words, until);
                    rest = after;
                }
            }
        }
        self.tokens = tokens;
    }

    /// A keyword with its words, or a line of data.
    fn words(&mut self, tokens: &[Token], until: usize) {
        self.missing_brace();
        let words = u32::try_from(self.tree.words.len()).unwrap_or(NONE);
        let mut unmatched = false;
        let mut start = until;
        for token in tokens {
            let (Token::Word(span) | Token::Open(span) | Token::Close(span) | Token::Unmatched(span)) =
                *token;
            start = start.min(span.start());
            match token {
                Token::Unmatched(_) => unmatched = true,
                Token::Word(_) | Token::Open(_) | Token::Close(_) => {
                    let word = self.unescaped(span);
                    self.tree.words.push(word);
                }
            }
        }
        let count = u32::try_from(self.tree.words.len()).unwrap_or(NONE) - words;
        // A quoted first word starts one byte after its quotation mark.
        let text = self.expander.sources.text(Span::new(start.saturating_sub(1), until));
        let start = if text.starts_with('"') && start > 0 { start - 1 } else { start };
        let line = crate::expand::trim(self.expander.sources, Span::new(start, until));
        let node = Node { words, count, line, child: NONE, next: NONE, has_block: false, unmatched };
        let id = self.append(node);
        self.look_up(id);
    }

    /// `\#` and `\!` outside quotes are the bare sign.
    fn unescaped(&mut self, word: Span) -> Span {
        let text = self.expander.sources.text(word);
        if !text.contains('\\') || !(text.contains("\\#") || text.contains("\\!")) {
            return word;
        }
        let clean = text.replace("\\#", "#").replace("\\!", "!");
        self.expander.sources.add_made(&clean, word, None).unwrap_or(word)
    }

    /// What the tables say about a new line: does it open a block, does it steer the reading?
    fn look_up(&mut self, id: NodeId) {
        let Some(rows) = self.levels.last().and_then(|level| level.rows) else { return };
        let Some(&first) = self.tree.words(id).first() else { return };
        match rows.shape(self.expander.sources.text(first)) {
            Some(Shape::Block(inner)) => self.awaiting = Some((id, Some(inner))),
            Some(Shape::Lines) => self.awaiting = Some((id, None)),
            Some(Shape::Line | Shape::Script) | None => {}
        }
        if rows.steers() {
            self.steer(id);
        }
    }

    /// Keywords that change how what follows is read.
    fn steer(&mut self, id: NodeId) {
        let Some((&first, rest)) = self.tree.words(id).split_first() else { return };
        match self.expander.sources.text(first) {
            "include_check" => {
                let words: Vec<String> =
                    rest.iter().map(|word| self.expander.sources.text(*word).to_owned()).collect();
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                if let Some(unknown) = self.expander.include_check(&words) {
                    let message = format!("include_check does not know `{unknown}`");
                    let help = "read, match, wildcard_match, brace_match, each perhaps with + or -";
                    let span = rest.first().copied();
                    self.expander.report.add(Diagnostic::new(code::BAD_WORD, span, message).help(help));
                }
            }
            "random_seed" => {
                let seed = rest.first().and_then(|word| self.expander.sources.text(*word).parse().ok());
                if let Some(seed) = seed {
                    self.expander.random_seed(seed);
                }
            }
            _ => {}
        }
    }

    fn append(&mut self, node: Node) -> NodeId {
        let id = u32::try_from(self.tree.nodes.len()).unwrap_or(NONE);
        self.tree.nodes.push(node);
        if let Some(level) = self.levels.last_mut() {
            let before = if level.last == NONE {
                level
                    .owner
                    .and_then(|owner| self.tree.nodes.get_mut(owner.0 as usize))
                    .map(|owner| &mut owner.child)
            } else {
                self.tree.nodes.get_mut(level.last as usize).map(|before| &mut before.next)
            };
            if let Some(link) = before {
                *link = id;
            }
            level.last = id;
        }
        NodeId(id)
    }

    fn enter(&mut self, owner: NodeId, rows: Option<&'static dyn Rows>, at: Span) {
        if let Some(node) = self.tree.nodes.get_mut(owner.0 as usize) {
            node.has_block = true;
        }
        self.levels.push(Level { owner: Some(owner), rows, last: NONE, opened_at: at });
    }

    fn open(&mut self, at: Span) {
        if let Some((owner, rows)) = self.awaiting.take() {
            self.enter(owner, rows, at);
            return;
        }
        let last = self.levels.last().map_or(NONE, |level| level.last);
        let owner = match self.tree.node(NodeId(last)) {
            Some(node) if !node.has_block => NodeId(last),
            _ => {
                let words = u32::try_from(self.tree.words.len()).unwrap_or(NONE);
                let node = Node {
                    words,
                    count: 0,
                    line: at,
                    child: NONE,
                    next: NONE,
                    has_block: true,
                    unmatched: false,
                };
                self.append(node)
            }
        };
        self.enter(owner, None, at);
    }

    fn close(&mut self, at: Span) {
        self.missing_brace();
        if self.levels.len() > 1 {
            self.levels.pop();
        } else {
            let found = Diagnostic::new(code::EXTRA_BRACE, at, "This } closes nothing")
                .label("no block is open here");
            self.expander.report.add(found);
        }
    }

    /// As keepalived: what follows a keyword without its `{` is its block all the same.
    fn missing_brace(&mut self) {
        let Some((owner, rows)) = self.awaiting.take() else { return };
        let word = self.tree.words(owner).first().copied().unwrap_or_default();
        let message = format!("The block of `{}` is not opened", self.expander.sources.text(word));
        let found = Diagnostic::new(code::MISSING_BRACE, word, message)
            .label("a { must follow")
            .help("what follows is read as its block, up to the next }");
        self.expander.report.add(found);
        self.enter(owner, rows, word);
    }

    fn finish(mut self) -> Tree {
        self.missing_brace();
        let open = self.levels.len() - 1;
        if let Some(level) = self.levels.last().filter(|_| open > 0) {
            let owner =
                level.owner.and_then(|owner| self.tree.words(owner).first().copied()).unwrap_or_default();
            let name = self.expander.sources.text(owner);
            let braces = if open == 1 { "a } is".into() } else { format!("{open} }} are") };
            let message =
                format!("At the end of the file {braces} missing; the block of `{name}` is still open");
            let found = Diagnostic::new(code::UNCLOSED, level.opened_at, message).label("opened here");
            self.expander.report.add(found);
        }
        self.tree
    }
}
