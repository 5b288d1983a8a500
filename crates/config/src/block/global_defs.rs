//! `global_defs`: settings of the daemon as a whole, and defaults.

mod later;

use std::net::IpAddr;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, code};
use crate::effective::{Daemon, Mail};
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct GlobalDefsBlock {
    pub(crate) router_id: Option<Set<String>>,
    pub(crate) notification_email: Vec<NodeId>,
    pub(crate) notification_email_from: Option<Set<String>>,
    pub(crate) smtp_server: Option<Set<(String, u16)>>,
    pub(crate) smtp_helo_name: Option<Set<String>>,
    pub(crate) smtp_connect_timeout: Option<Set<u64>>,
    pub(crate) script_user: Option<Set<Vec<String>>>,
    pub(crate) enable_script_security: Option<Set<bool>>,
    pub(crate) use_symlink_paths: Option<Set<bool>>,
    pub(crate) set_supplementary_groups: Option<Set<bool>>,
    pub(crate) dynamic_interfaces: Option<Set<bool>>,
    pub(crate) vrrp_version: Option<Set<u64>>,
    pub(crate) vrrp_strict: Option<Set<bool>>,
    pub(crate) vrrp_mcast_group4: Option<Set<IpAddr>>,
    pub(crate) vrrp_mcast_group6: Option<Set<IpAddr>>,
    pub(crate) vrrp_garp_master_delay: Option<Set<u64>>,
    pub(crate) vrrp_garp_master_repeat: Option<Set<u64>>,
    pub(crate) vrrp_garp_master_refresh: Option<Set<u64>>,
    pub(crate) vrrp_garp_master_refresh_repeat: Option<Set<u64>>,
    pub(crate) vrrp_garp_lower_prio_delay: Option<Set<u64>>,
    pub(crate) vrrp_garp_lower_prio_repeat: Option<Set<u64>>,
    pub(crate) vrrp_garp_interval: Option<Set<Duration>>,
    pub(crate) vrrp_gna_interval: Option<Set<Duration>>,
    pub(crate) vrrp_min_garp: Option<Set<bool>>,
    pub(crate) vrrp_down_timer_adverts: Option<Set<u64>>,
    pub(crate) vrrp_lower_prio_no_advert: Option<Set<bool>>,
    pub(crate) vrrp_higher_prio_send_advert: Option<Set<bool>>,
    pub(crate) vrrp_check_unicast_src: Option<Set<bool>>,
    pub(crate) vrrp_skip_check_adv_addr: Option<Set<bool>>,
    pub(crate) v3_checksum_as_v2: Option<Set<bool>>,
}

const U32: u64 = 4_294_967_295;
/// Seconds that fit in 32 bits of microseconds.
const SECONDS: u64 = 4294;
const MICROS: u64 = 4_294_967_295;

type K = Keyword<GlobalDefsBlock>;

/// The rows of `global_defs`.
pub(crate) static GLOBAL_DEFS: Block<GlobalDefsBlock> = Block::new("global_defs", &[
    K::new("router_id", Kind::Text(|b| &mut b.router_id, usize::MAX))
        .missing(Missing::Complaint)
        .help("Identity shown in mail subjects and dumps. Without it the host's name."),
    K::new("notification_email", Kind::Lines(|b| &mut b.notification_email))
        .help("Addresses that alert mail goes to, any number a line."),
    K::new("notification_email_from", Kind::Text(|b| &mut b.notification_email_from, usize::MAX))
        .missing(Missing::Complaint)
        .help("Sender of alert mail."),
    K::new("smtp_server", Kind::Custom(Shape::Line, smtp_server)).help("Relay for alert mail, and perhaps its port."),
    K::new("smtp_helo_name", Kind::Text(|b| &mut b.smtp_helo_name, usize::MAX))
        .missing(Missing::Nothing)
        .help("Name to greet the relay with."),
    K::new("smtp_connect_timeout", Kind::Number(|b| &mut b.smtp_connect_timeout, 0, SECONDS))
        .lax()
        .zero(1)
        .default("30")
        .help("Seconds to wait for the relay."),
    K::new("script_user", Kind::Custom(Shape::Line, script_user))
        .help("User, and perhaps group, that scripts run as unless they say otherwise."),
    K::new("enable_script_security", Kind::Flag(|b| &mut b.enable_script_security, true))
        .help("Refuse to run as root what others than root could change."),
    K::new("use_symlink_paths", Kind::Switch(|b| &mut b.use_symlink_paths))
        .default("off")
        .help("Run scripts by the path as written, symbolic links and all."),
    K::new("set_supplementary_groups", Kind::Switch(|b| &mut b.set_supplementary_groups))
        .default("off")
        .help("Give every script the further groups of its user."),
    K::new("dynamic_interfaces", Kind::Custom(Shape::Line, dynamic_interfaces))
        .help("Interfaces may be absent at the start."),
    K::new("vrrp_version", Kind::Number(|b| &mut b.vrrp_version, 2, 3))
        .lax()
        .default("2")
        .help("Protocol version of IPv4 instances."),
    K::new("vrrp_strict", Kind::Switch(|b| &mut b.vrrp_strict)).default("off").help("Obey the RFCs to the letter."),
    K::new("vrrp_mcast_group4", Kind::Custom(Shape::Line, group4))
        .default("224.0.0.18")
        .help("Group that IPv4 adverts go to."),
    K::new("vrrp_mcast_group6", Kind::Custom(Shape::Line, group6))
        .default("ff02::12")
        .help("Group that IPv6 adverts go to."),
    K::new("vrrp_garp_master_delay", Kind::Number(|b| &mut b.vrrp_garp_master_delay, 0, SECONDS))
        .lax()
        .default("5")
        .help("Seconds from becoming master to the second round of gratuitous ARPs. 0 sends none."),
    K::new("vrrp_garp_master_repeat", Kind::Number(|b| &mut b.vrrp_garp_master_repeat, 0, U32))
        .lax()
        .zero(1)
        .default("5")
        .help("Gratuitous ARPs for each address and round."),
    K::new("vrrp_garp_master_refresh", Kind::Number(|b| &mut b.vrrp_garp_master_refresh, 0, U32))
        .bad(0)
        .default("0")
        .help("Seconds between further rounds while master. 0 sends none."),
    K::new("vrrp_garp_master_refresh_repeat", Kind::Number(|b| &mut b.vrrp_garp_master_refresh_repeat, 0, U32))
        .lax()
        .zero(1)
        .default("1")
        .help("Gratuitous ARPs for each address in such a round."),
    K::new("vrrp_garp_lower_prio_delay", Kind::Number(|b| &mut b.vrrp_garp_lower_prio_delay, 0, SECONDS))
        .lax()
        .help("Seconds to the second round after a lower priority was heard. Without it vrrp_garp_master_delay."),
    K::new("vrrp_garp_lower_prio_repeat", Kind::Number(|b| &mut b.vrrp_garp_lower_prio_repeat, 0, 2_147_483_647))
        .lax()
        .help("Gratuitous ARPs after a lower priority was heard. Without it vrrp_garp_master_repeat."),
    K::new("vrrp_garp_interval", Kind::Seconds(|b| &mut b.vrrp_garp_interval, 0, MICROS, 6))
        .lax()
        .default("0")
        .help("Smallest gap between gratuitous ARPs on one interface, in seconds. 0 is no gap."),
    K::new("vrrp_gna_interval", Kind::Seconds(|b| &mut b.vrrp_gna_interval, 0, MICROS, 6))
        .lax()
        .default("0")
        .help("Smallest gap between unsolicited neighbour advertisements on one interface. 0 is no gap."),
    K::new("vrrp_min_garp", Kind::Switch(|b| &mut b.vrrp_min_garp))
        .default("off")
        .help("One gratuitous ARP, no second round, where nothing else is said."),
    K::new("vrrp_down_timer_adverts", Kind::Number(|b| &mut b.vrrp_down_timer_adverts, 1, 100))
        .lax()
        .default("3")
        .help("Adverts that must be missing before a master counts as down."),
    K::new("vrrp_lower_prio_no_advert", Kind::Switch(|b| &mut b.vrrp_lower_prio_no_advert))
        .default("off")
        .help("A master does not answer a lower priority with an advert."),
    K::new("vrrp_higher_prio_send_advert", Kind::Switch(|b| &mut b.vrrp_higher_prio_send_advert))
        .default("off")
        .help("A master sends one more advert before it yields to a higher priority."),
    K::new("vrrp_check_unicast_src", Kind::Flag(|b| &mut b.vrrp_check_unicast_src, true))
        .help("Take unicast adverts from the peers only."),
    K::new("vrrp_skip_check_adv_addr", Kind::Switch(|b| &mut b.vrrp_skip_check_adv_addr))
        .default("off")
        .help("Do not compare the addresses in adverts of the known master."),
    // As keepalived: `no` behind it is not read.
    K::new("v3_checksum_as_v2", Kind::Flag(|b| &mut b.v3_checksum_as_v2, true))
        .help("Leave the pseudo-header out of version 3 checksums over IPv4."),
    K::new("include_check", Kind::Custom(Shape::Line, |_, _, _| {}))
        .help("Which problems with an include are errors from here on."),
    K::new("random_seed", Kind::Custom(Shape::Line, random_seed)).help("Seed of ${_RANDOM}."),
])
.and(later::LATER)
.steering();

fn smtp_server(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let arguments = reader.arguments(node);
    let Some(&at) = arguments.first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let mut port = 25;
    if let Some(&word) = arguments.get(1) {
        match reader.integer(word, 1, 65_535, false).and_then(|port| u16::try_from(port).ok()) {
            Some(number) => port = number,
            None => return,
        }
    }
    block.smtp_server = Some(Set { value: (reader.text(at).to_owned(), port), at });
}

fn script_user(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let arguments = reader.arguments(node);
    match arguments.first() {
        None => reader.lacks_word(node, Missing::Complaint),
        Some(&at) => {
            let words = arguments.iter().map(|word| reader.text(*word).to_owned()).collect();
            block.script_user = Some(Set { value: words, at });
        }
    }
}

fn dynamic_interfaces(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    block.dynamic_interfaces = Some(Set { value: true, at: reader.keyword(node) });
    if let Some(&word) = reader.arguments(node).first()
        && reader.text(word) != "allow_if_changes"
    {
        let message = format!("`{}` is not an option of dynamic_interfaces", reader.text(word));
        reader
            .report
            .add(Diagnostic::new(code::BAD_WORD, word, message).help("allow_if_changes, or nothing"));
    }
}

fn group(reader: &mut Reader<'_>, node: NodeId, v4: bool) -> Option<Set<IpAddr>> {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return None;
    };
    let value = reader.address(at)?;
    if value.is_ipv4() != v4 || !value.is_multicast() {
        let family = if v4 { "IPv4" } else { "IPv6" };
        reader.complain(code::BAD_ADDRESS, at, format!("{value} is not an {family} multicast group"));
        return None;
    }
    if let IpAddr::V6(group) = value
        && group.segments()[0] & 0xf != 2
    {
        // RFC 9568 §5.1.2.2 has link-local scope only.
        reader.complain(code::ADJUSTED, at, format!("{value} is not of link-local scope"));
    }
    Some(Set { value, at })
}

fn group4(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    block.vrrp_mcast_group4 = group(reader, node, true).or(block.vrrp_mcast_group4.take());
}

fn group6(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    block.vrrp_mcast_group6 = group(reader, node, false).or(block.vrrp_mcast_group6.take());
}

/// The reading of the text has obeyed it already; here it is only checked.
fn random_seed(reader: &mut Reader<'_>, node: NodeId, _: &mut GlobalDefsBlock) {
    match reader.arguments(node).first() {
        None => reader.lacks_word(node, Missing::Stops),
        Some(&at) => {
            reader.integer(at, 0, i128::from(U32), false);
        }
    }
}

/// What the daemon as a whole obeys.
pub(crate) fn daemon(reader: &mut Reader<'_>, block: &GlobalDefsBlock, node_name: &str) -> Daemon {
    let mut to = Vec::new();
    for &list in &block.notification_email {
        let before = to.len();
        for line in reader.tree.children(list) {
            to.extend(reader.tree.words(line).iter().map(|word| reader.text(*word).to_owned()));
        }
        if to.len() == before {
            reader.complain(
                code::EMPTY_BLOCK,
                reader.keyword(list),
                "No address stands in this notification_email",
            );
        }
    }
    let text = |set: &Option<Set<String>>| set.as_ref().map(|set| set.value.clone());
    let server = block.smtp_server.as_ref().map(|set| set.value.clone());
    let timeout = block.smtp_connect_timeout.as_ref().map_or(30, |set| set.value);
    Daemon {
        router_id: text(&block.router_id).unwrap_or_else(|| node_name.to_owned()),
        script_security: block.enable_script_security.is_some(),
        mail: Mail {
            to,
            from: text(&block.notification_email_from),
            port: server.as_ref().map_or(25, |(_, port)| *port),
            server: server.map(|(server, _)| server),
            helo: text(&block.smtp_helo_name),
            timeout_seconds: u32::try_from(timeout).unwrap_or(30),
        },
    }
}
