//! Keywords that are recognised and not yet supported, by block.
//!
//! Each is answered with a warning, and what stands in its block is taken as it is.

use crate::table::{Block, Keyword, Shape};
use crate::value::Kind;

/// A block of which nothing is kept.
pub(crate) struct Unread;

const fn line(name: &'static str) -> Keyword<Unread> {
    Keyword::new(name, Kind::Later(Shape::Line, ""))
}

const fn script(name: &'static str) -> Keyword<Unread> {
    Keyword::new(name, Kind::Later(Shape::Script, ""))
}

const fn block(name: &'static str, rows: &'static Block<Unread>) -> Keyword<Unread> {
    Keyword::new(name, Kind::Later(Shape::Block(rows), ""))
}

/// `SSL`
pub(crate) static SSL: Block<Unread> =
    Block::new("SSL", &[line("password"), line("ca"), line("certificate"), line("key")]);

/// `bfd_instance`
pub(crate) static BFD_INSTANCE: Block<Unread> = Block::new(
    "bfd_instance",
    &[
        line("source_ip"),
        line("neighbor_ip"),
        line("neighbour_ip"),
        line("min_rx"),
        line("min_tx"),
        line("idle_tx"),
        line("multiplier"),
        line("passive"),
        line("ttl"),
        line("hoplimit"),
        line("max_hops"),
        line("multihop"),
        line("weight"),
        line("vrrp"),
        line("checker"),
    ],
);

/// `virtual_server`
pub(crate) static VIRTUAL_SERVER: Block<Unread> = Block::new(
    "virtual_server",
    &[
        line("ip_family"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("connect_timeout"),
        line("delay_loop"),
        line("inhibit_on_failure"),
        line("lb_algo"),
        line("lvs_sched"),
        line("hashed"),
        line("ops"),
        line("flag-1"),
        line("flag-2"),
        line("flag-3"),
        line("sh-port"),
        line("sh-fallback"),
        line("mh-port"),
        line("mh-fallback"),
        line("lb_kind"),
        line("lvs_method"),
        line("persistence_engine"),
        line("persistence_timeout"),
        line("persistence_granularity"),
        line("protocol"),
        line("ha_suspend"),
        line("smtp_alert"),
        line("virtualhost"),
        line("snmp_name"),
        line("alpha"),
        line("omega"),
        script("quorum_up"),
        script("quorum_down"),
        line("quorum"),
        line("hysteresis"),
        line("weight"),
        line("sorry_server"),
        line("sorry_server_inhibit"),
        line("sorry_server_lvs_method"),
        block("real_server", &REAL_SERVER),
    ],
);

/// `virtual_server/real_server`
pub(crate) static REAL_SERVER: Block<Unread> = Block::new(
    "real_server",
    &[
        line("weight"),
        line("lvs_method"),
        line("uthreshold"),
        line("lthreshold"),
        line("inhibit_on_failure"),
        script("notify_up"),
        script("notify_down"),
        line("alpha"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("connect_timeout"),
        line("delay_loop"),
        line("smtp_alert"),
        line("virtualhost"),
        line("snmp_name"),
        block("MISC_CHECK", &MISC_CHECK),
        block("SMTP_CHECK", &SMTP_CHECK),
        block("TCP_CHECK", &TCP_CHECK),
        block("PING_CHECK", &PING_CHECK),
        block("UDP_CHECK", &UDP_CHECK),
        block("HTTP_GET", &HTTP_GET),
        block("SSL_GET", &SSL_GET),
        block("DNS_CHECK", &DNS_CHECK),
        block("FILE_CHECK", &FILE_CHECK),
        block("BFD_CHECK", &BFD_CHECK),
    ],
);

/// `virtual_server/real_server/HTTP_GET`
pub(crate) static HTTP_GET: Block<Unread> = Block::new(
    "HTTP_GET",
    &[
        line("connect_ip"),
        line("connect_port"),
        line("bindto"),
        line("bind_port"),
        line("bind_if"),
        line("connect_timeout"),
        line("fwmark"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
        line("nb_get_retry"),
        line("virtualhost"),
        line("http_protocol"),
        line("enable_sni"),
        line("sni_name"),
        line("fast_recovery"),
        block("url", &HTTP_GET_URL),
    ],
);

/// `virtual_server/real_server/SSL_GET`
pub(crate) static SSL_GET: Block<Unread> = Block::new(
    "SSL_GET",
    &[
        line("connect_ip"),
        line("connect_port"),
        line("bindto"),
        line("bind_port"),
        line("bind_if"),
        line("connect_timeout"),
        line("fwmark"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
        line("nb_get_retry"),
        line("virtualhost"),
        line("http_protocol"),
        line("enable_sni"),
        line("sni_name"),
        line("fast_recovery"),
        block("url", &SSL_GET_URL),
        line("tls_compliant"),
    ],
);

/// `virtual_server/real_server/TCP_CHECK`
pub(crate) static TCP_CHECK: Block<Unread> = Block::new(
    "TCP_CHECK",
    &[
        line("connect_ip"),
        line("connect_port"),
        line("bindto"),
        line("bind_port"),
        line("bind_if"),
        line("connect_timeout"),
        line("fwmark"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
    ],
);

/// `virtual_server/real_server/SMTP_CHECK`
pub(crate) static SMTP_CHECK: Block<Unread> = Block::new(
    "SMTP_CHECK",
    &[
        line("connect_ip"),
        line("connect_port"),
        line("bindto"),
        line("bind_port"),
        line("bind_if"),
        line("connect_timeout"),
        line("fwmark"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
        line("helo_name"),
        block("host", &SMTP_CHECK_HOST),
    ],
);

/// `virtual_server/real_server/SMTP_CHECK/host`
pub(crate) static SMTP_CHECK_HOST: Block<Unread> = Block::new(
    "host",
    &[
        line("connect_ip"),
        line("connect_port"),
        line("bindto"),
        line("bind_port"),
        line("bind_if"),
        line("connect_timeout"),
        line("fwmark"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
    ],
);

/// `virtual_server/real_server/DNS_CHECK`
pub(crate) static DNS_CHECK: Block<Unread> = Block::new(
    "DNS_CHECK",
    &[
        line("connect_ip"),
        line("connect_port"),
        line("bindto"),
        line("bind_port"),
        line("bind_if"),
        line("connect_timeout"),
        line("fwmark"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
        line("type"),
        line("name"),
    ],
);

/// `virtual_server/real_server/UDP_CHECK`
pub(crate) static UDP_CHECK: Block<Unread> = Block::new(
    "UDP_CHECK",
    &[
        line("connect_ip"),
        line("connect_port"),
        line("bindto"),
        line("bind_port"),
        line("bind_if"),
        line("connect_timeout"),
        line("fwmark"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
        line("payload"),
        line("require_reply"),
        line("min_reply_length"),
        line("max_reply_length"),
    ],
);

/// `virtual_server/real_server/PING_CHECK`
pub(crate) static PING_CHECK: Block<Unread> = Block::new(
    "PING_CHECK",
    &[
        line("connect_ip"),
        line("connect_port"),
        line("bindto"),
        line("bind_port"),
        line("bind_if"),
        line("connect_timeout"),
        line("fwmark"),
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
    ],
);

/// `virtual_server/real_server/MISC_CHECK`
pub(crate) static MISC_CHECK: Block<Unread> = Block::new(
    "MISC_CHECK",
    &[
        line("retry"),
        line("delay_before_retry"),
        line("warmup"),
        line("delay_loop"),
        line("alpha"),
        line("log_all_failures"),
        script("misc_path"),
        line("misc_timeout"),
        line("misc_dynamic"),
        line("user"),
    ],
);

/// `virtual_server/real_server/HTTP_GET/url`
pub(crate) static HTTP_GET_URL: Block<Unread> = Block::new(
    "url",
    &[
        line("path"),
        line("digest"),
        line("status_code"),
        line("virtualhost"),
        script("regex"),
        line("regex_no_match"),
        line("regex_options"),
        line("regex_min_offset"),
        line("regex_max_offset"),
        line("regex_stack"),
    ],
);

/// `virtual_server/real_server/SSL_GET/url`
pub(crate) static SSL_GET_URL: Block<Unread> = Block::new(
    "url",
    &[
        line("path"),
        line("digest"),
        line("status_code"),
        line("virtualhost"),
        script("regex"),
        line("regex_no_match"),
        line("regex_options"),
        line("regex_min_offset"),
        line("regex_max_offset"),
        line("regex_stack"),
        line("tls_compliant"),
    ],
);

/// `virtual_server/real_server/FILE_CHECK`
pub(crate) static FILE_CHECK: Block<Unread> = Block::new("FILE_CHECK", &[line("track_file"), line("weight")]);

/// `virtual_server/real_server/BFD_CHECK`
pub(crate) static BFD_CHECK: Block<Unread> = Block::new("BFD_CHECK", &[line("name"), line("alpha")]);
