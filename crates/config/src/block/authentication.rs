//! `authentication`: what version 2 has.

use crate::table::{Block, Keyword};
use crate::value::{Kind, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct AuthenticationBlock {
    pub(crate) auth_type: Option<Set<String>>,
    pub(crate) auth_pass: Option<Set<String>>,
}

type K = Keyword<AuthenticationBlock>;

/// The rows of `authentication`.
pub(crate) static AUTHENTICATION: Block<AuthenticationBlock> = Block::new(
    "authentication",
    &[
        K::new("auth_type", Kind::Text(|b| &mut b.auth_type, usize::MAX))
            .help("PASS: the password in clear. AH: an IP authentication header, IPv4 only."),
        K::new("auth_pass", Kind::Text(|b| &mut b.auth_pass, 8)).help("The password; eight bytes count."),
    ],
);
