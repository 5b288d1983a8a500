//! The codes of all diagnostics. A number is never given to another meaning.
//!
//! SF00xx: files and text. SF01xx: expansion. SF02xx: braces and keywords. SF03xx: words and values.
//! SF04xx: names and what they stand for. SF05xx: scripts. SF06xx: virtual routers. SF07xx: load balancing.
//! SF08xx: BFD. SF09xx: not yet obeyed.

use super::{Class, Code, Severity};

const fn error(number: u16, meaning: &'static str) -> Code {
    Code { number, severity: Severity::Error, class: Class::Complaint, meaning }
}

const fn warning(number: u16, meaning: &'static str) -> Code {
    Code { number, severity: Severity::Warning, class: Class::Complaint, meaning }
}

const fn note(number: u16, meaning: &'static str) -> Code {
    Code { number, severity: Severity::Note, class: Class::Silent, meaning }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $make:ident($number:literal, $meaning:literal);)*) => {
        $(#[doc = $meaning] pub const $name: Code = $make($number, $meaning);)*
        /// All of them, by number.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    NO_FILE = error(1, "The configuration file cannot be read.");
    TOO_MANY = note(2, "There are more diagnostics than are shown.");
    LONG_LINE = warning(3, "A line is longer than keepalived can read.");
    NUL = error(4, "A line holds a zero byte.");
    BYTE_ORDER_MARK = error(5, "The file begins with a byte order mark.");
    NOT_UTF8 = note(6, "Some bytes are not UTF-8.");
    TOO_LARGE = error(7, "The text is larger than a configuration may be.");
    SEVERAL_FILES = note(8, "The configuration is made of several files.");
    INCLUDE = error(101, "An included file cannot be read.");
    INCLUDE_LOOP = error(102, "A file includes itself.");
    INCLUDE_DEEP = error(103, "Includes are nested too deep.");
    DEFINITION_LOOP = error(104, "A definition names itself.");
    EXPANSION_SIZE = error(105, "A line grows too long when definitions are put in.");
    SEQUENCE = error(106, "A sequence cannot be understood.");
    SEQUENCE_SIZE = error(107, "A sequence is too long.");
    CONDITIONAL_INCLUDE = warning(108, "An include behind a condition or a definition is not obeyed.");
    UNDEFINED = note(109, "A name is used that is not defined.");
    COMMENT_IN_DEFINITION = warning(110, "A comment in a definition of several lines.");
    UNKNOWN_KEYWORD = error(201, "No such keyword here.");
    MISSING_BRACE = error(202, "A block is not opened.");
    UNCLOSED = error(203, "A block is not closed.");
    EXTRA_BRACE = error(204, "A brace closes nothing.");
    NO_BLOCK_HERE = error(205, "A block where none belongs.");
    DEPRECATED = warning(206, "An old spelling.");
    UNMATCHED_QUOTE = error(207, "A quotation mark without its partner.");
    NESTED_DEEP = error(208, "Blocks are nested too deep.");
    MISSING_WORD = error(301, "A keyword without the word that must follow it.");
    BAD_NUMBER = error(302, "Not a number, or one out of range.");
    LAX_NUMBER = warning(303, "A number with something behind it.");
    ADJUSTED = warning(304, "A value that is changed to one that can be used.");
    BAD_WORD = error(305, "Not one of the words that may stand here.");
    BAD_ADDRESS = error(306, "Not an address that may stand here.");
    BAD_LINK = error(307, "Not a name of an interface.");
    TOO_LONG = warning(308, "A text that is too long.");
    EMPTY_BLOCK = warning(309, "A block without an entry.");
    SURPLUS = warning(310, "More words than are understood.");
    UNUSUAL = note(311, "A value that is allowed and rarely meant.");
    DUPLICATE = warning(401, "Said twice.");
    UNKNOWN_NAME = error(402, "A name that stands for nothing.");
    NO_NAME = error(403, "A block without a name.");
    NO_LINK = error(404, "No such interface on this host.");
    UNUSED = note(405, "Something that nobody uses.");
    REPEATED = note(406, "Something that stands twice and counts once.");
    TRACKED_TWICE = warning(407, "Something that an instance and its group both track.");
    GROUP_WEIGHT = warning(408, "A weight that does not count in a sync group.");
    LONE_MEMBER = warning(409, "A group of one.");
    NO_ACCOUNT = error(501, "No such user or group.");
    NO_SCRIPT = error(502, "A script that is not there or cannot be run.");
    UNSAFE_SCRIPT = error(503, "A script that others than root could change.");
    NO_SCRIPT_SECURITY = warning(504, "Scripts run without script security.");
    SCRIPT_PATH = note(505, "A script without a directory.");
    OPEN_SECRET = warning(506, "A key that others can read.");
    NO_NAMESPACE = error(507, "No such network namespace.");
    LINKED_SCRIPT = warning(508, "A script behind a directory that is a symbolic link.");
    NO_VRID = error(601, "A virtual router without its number.");
    NO_INTERFACE = error(602, "A virtual router without an interface.");
    NO_ADDRESS = error(603, "A virtual router without an address.");
    SAME_VRID = error(604, "Two virtual routers with the same number on the same interface.");
    FAMILY = error(605, "An address of the other family.");
    NOT_TOGETHER = warning(606, "Two settings that do not go together.");
    STRICT = warning(607, "A setting that strict mode forbids.");
    NO_PEERS = warning(608, "Words that ask for unicast, and no peer.");
    NO_REAL_SERVER = error(701, "A virtual server without a real server.");
    ASSUMED = warning(702, "A setting that a virtual server needs is not there.");
    QUORUM = warning(703, "A quorum that cannot be as it is written.");
    PORTS = warning(704, "A port that cannot be obeyed.");
    ANY_PORT = warning(705, "Every port without persistence.");
    EMPTY_CHECK = error(706, "A check that does not say what to check.");
    NO_PORT = warning(707, "A check of port 0.");
    SAME_SERVICE = warning(708, "Two virtual servers for the same packets.");
    BAD_PATTERN = error(709, "A pattern that cannot be understood.");
    NO_NEIGHBOUR = error(801, "A BFD session without a neighbour.");
    SAME_SESSION = error(802, "Two BFD sessions with the same ends.");
    NOT_YET = warning(901, "A keyword that is not yet supported.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_never_given_twice() {
        assert!(ALL.windows(2).all(|pair| pair[0].number < pair[1].number));
    }
}
