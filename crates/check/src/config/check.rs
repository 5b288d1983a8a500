//! How a real server is checked.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use host::{Command, LinkName};
use serde::{Deserialize, Serialize};

use crate::probe::Probe;

/// One check of a real server.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Check {
    /// When.
    pub pace: Pace,
    /// It counts as failed until it has succeeded (`alpha`).
    pub starts_failed: bool,
    /// Every failed attempt is logged (`log_all_failures`), not only what changes something.
    pub logs_all_failures: bool,
    /// What is done.
    pub kind: CheckKind,
}

/// When a check is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Pace {
    /// From the end of one to the next (`delay_loop`); not zero.
    pub interval: Duration,
    /// The first is made after a second and a random part of this (`warmup`).
    pub warmup: Duration,
    /// Further attempts before a server that was up is down (`retry`).
    pub retries: u32,
    /// Before each of those (`delay_before_retry`).
    pub retry_delay: Duration,
}

/// What a check does.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub enum CheckKind {
    /// `TCP_CHECK`: connects.
    Tcp(Connection),
    /// `PING_CHECK`: asks for an echo; the port means nothing.
    Ping(Connection),
    /// `UDP_CHECK`: sends a datagram.
    Udp(Connection, Box<UdpCheck>),
    /// `SMTP_CHECK`: greets a mail server by this name.
    Smtp(Connection, Box<str>),
    /// `DNS_CHECK`: asks a name server.
    Dns(Connection, Box<DnsCheck>),
    /// `HTTP_GET` and `SSL_GET`: fetches.
    Http(Connection, Box<HttpCheck>),
    /// `MISC_CHECK`: runs a program.
    Misc(Box<MiscCheck>),
    /// `FILE_CHECK`: follows a tracked file.
    File(Box<FileCheck>),
    /// `BFD_CHECK`: follows a BFD session of this name.
    Bfd(Box<str>),
}

impl CheckKind {
    /// Its keyword.
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "TCP_CHECK",
            Self::Ping(_) => "PING_CHECK",
            Self::Udp(..) => "UDP_CHECK",
            Self::Smtp(..) => "SMTP_CHECK",
            Self::Dns(..) => "DNS_CHECK",
            Self::Http(_, check) if check.tls => "SSL_GET",
            Self::Http(..) => "HTTP_GET",
            Self::Misc(_) => "MISC_CHECK",
            Self::File(_) => "FILE_CHECK",
            Self::Bfd(_) => "BFD_CHECK",
        }
    }

    /// The BFD session that it follows.
    pub(crate) fn session(&self) -> Option<String> {
        Probe::of(self).ok()?.session()
    }

    /// Whether the engine makes it. What it does not, counts as success.
    pub fn is_supported(&self) -> bool {
        Probe::of(self).is_ok()
    }
}

/// How a check reaches its server.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Connection {
    /// Address (`connect_ip`, else the real server's).
    pub address: IpAddr,
    /// Port (`connect_port`, else the real server's, else the virtual server's); 0 if none is known.
    pub port: u16,
    /// For each step (`connect_timeout`); not zero.
    pub timeout: Duration,
    /// What is not left to the kernel.
    pub source: Option<Box<Source>>,
}

/// Where a check comes from, as far as it is said.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
pub struct Source {
    /// Address (`bindto`), of the connection's family.
    pub address: Option<IpAddr>,
    /// Port (`bind_port`), not 0.
    pub port: Option<u16>,
    /// Link (`bind_if`).
    pub link: Option<LinkName>,
    /// Mark on the packets (`fwmark`); 0 is none.
    pub mark: u32,
}

/// Bytes, not empty.
pub type Bytes = Box<[u8]>;

/// `UDP_CHECK`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct UdpCheck {
    /// What is sent (`payload`); `None` is a text of our own.
    pub payload: Option<Bytes>,
    /// A reply is demanded (`require_reply`), which begins like this as far as both reach; may be empty. `None`:
    /// silence is success.
    pub reply: Option<Box<[ReplyByte]>>,
    /// Least bytes of a reply (`min_reply_length`).
    pub least: u16,
    /// Most bytes of a reply (`max_reply_length`), default 255.
    pub most: u16,
}

/// A byte of a wanted reply: `(reply & mask) == value`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct ReplyByte {
    /// What the bits that count must be.
    pub value: u8,
    /// The bits that count.
    pub mask: u8,
}

/// `DNS_CHECK`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct DnsCheck {
    /// Record that is asked for (`type`).
    pub query: QueryType,
    /// Name that is asked for (`name`), without the last dot; empty is the root.
    pub name: Box<str>,
}

/// Records that can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
pub enum QueryType {
    /// IPv4 address.
    A,
    /// Name server.
    NS,
    /// Alias.
    CNAME,
    /// Start of authority. The default.
    SOA,
    /// Mail exchange.
    MX,
    /// Text.
    TXT,
    /// IPv6 address.
    AAAA,
    /// Signature.
    RRSIG,
    /// Key.
    DNSKEY,
}

impl QueryType {
    /// All, with their names and their numbers (IANA, "Resource Record (RR) TYPEs").
    pub const ALL: [(Self, &'static str, u16); 9] = [
        (Self::A, "A", 1),
        (Self::NS, "NS", 2),
        (Self::CNAME, "CNAME", 5),
        (Self::SOA, "SOA", 6),
        (Self::MX, "MX", 15),
        (Self::TXT, "TXT", 16),
        (Self::AAAA, "AAAA", 28),
        (Self::RRSIG, "RRSIG", 46),
        (Self::DNSKEY, "DNSKEY", 48),
    ];
}

/// `HTTP_GET` and `SSL_GET`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct HttpCheck {
    /// Over TLS (`SSL_GET`).
    pub tls: bool,
    /// Protocol version (`http_protocol`).
    pub version: HttpVersion,
    /// The server's name is sent in the TLS handshake (`enable_sni`, `sni_name`).
    pub sends_name: bool,
    /// That name; `None` is the URL's `virtualhost`.
    pub name: Option<Box<str>>,
    /// All URLs are tested without a pause while the server comes up (`fast_recovery`).
    pub fast_recovery: bool,
    /// At least one; fetched one after the other.
    pub urls: Vec<UrlCheck>,
}

/// Version that a request names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
pub enum HttpVersion {
    /// 1.0. The default.
    #[default]
    V1_0,
    /// 1.0 with `Connection: close`.
    V1_0Close,
    /// 1.1, with `Connection: close`.
    V1_1,
}

/// One thing to fetch (`url`).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct UrlCheck {
    /// As it stands in the request (`path`).
    pub path: Box<str>,
    /// The Host header (`virtualhost` of the URL, the check, the real or the virtual server); `None` is address and
    /// port of the connection.
    pub host: Option<Box<str>>,
    /// Status codes that are good, first and last of each range, 100 to 599 (`status_code`); not empty.
    pub status: Vec<(u16, u16)>,
    /// MD5 of the body (`digest`).
    pub digest: Option<[u8; 16]>,
    /// What the body must match, or must not (`regex`).
    pub pattern: Option<Box<Pattern>>,
    /// The TLS session is ended as it should be (`tls_compliant`).
    pub closes_tls: bool,
}

/// A pattern for a body.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Pattern {
    /// PCRE2 syntax; not yet compiled.
    pub text: Box<str>,
    /// Sorted, each once (`regex_options`).
    pub options: Vec<PatternOption>,
    /// The body must not match (`regex_no_match`).
    pub inverted: bool,
    /// Bytes before the first place where a match may begin (`regex_min_offset`).
    pub least_offset: u64,
    /// Bytes before the last place where a match may begin (`regex_max_offset`).
    pub most_offset: Option<u64>,
    /// Bytes of stack at first and at most (`regex_stack`).
    pub stack: Option<(u64, u64)>,
}

macro_rules! pattern_options {
    ($($variant:ident $name:literal)*) => {
        /// An option of PCRE2's compiler.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
        pub enum PatternOption {
            $(#[doc = concat!("`", $name, "`, PCRE2's option of this name.")] $variant),*
        }

        impl PatternOption {
            /// The option of a name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
            /// All names.
            pub const NAMES: &'static [&'static str] = &[$($name),*];
        }
    };
}

pattern_options! {
    AllowEmptyClass "allow_empty_class"
    AltBsux "alt_bsux"
    AutoCallout "auto_callout"
    Caseless "caseless"
    DollarEndonly "dollar_endonly"
    Dotall "dotall"
    Dupnames "dupnames"
    Extended "extended"
    Firstline "firstline"
    MatchUnsetBackref "match_unset_backref"
    Multiline "multiline"
    NeverUcp "never_ucp"
    NeverUtf "never_utf"
    NoAutoCapture "no_auto_capture"
    NoAutoPossess "no_auto_possess"
    NoDotstarAnchor "no_dotstar_anchor"
    NoStartOptimize "no_start_optimize"
    Ucp "ucp"
    Ungreedy "ungreedy"
    Utf "utf"
    NeverBackslashC "never_backslash_c"
    AltCircumflex "alt_circumflex"
    AltVerbnames "alt_verbnames"
    UseOffsetLimit "use_offset_limit"
}

/// `MISC_CHECK`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct MiscCheck {
    /// What is run (`misc_path`, `user`).
    pub command: Command,
    /// How long it may run (`misc_timeout`, else the virtual server's `delay_loop`); not zero.
    pub timeout: Duration,
    /// Exit status 2 to 255 is success and sets the weight to that less 2 (`misc_dynamic`).
    pub dynamic: bool,
}

/// `FILE_CHECK`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct FileCheck {
    /// Name of the `track_file`, for people.
    pub name: String,
    /// Its path, absolute.
    pub path: String,
    /// The number to write into it at the start, and whether over what is there (`init_file`).
    pub init: Option<(i64, bool)>,
    /// What the number is multiplied with before it is added to the weight. 0: any number but 0 is a failure.
    pub weight: i32,
    /// The number counts the other way round.
    pub reverse: bool,
}
