//! Names of routing tables, protocols, scopes, realms and the like: those of iproute2's tables on this host.

use std::collections::BTreeMap;

use super::Resolver;
use crate::value::c_integer;

/// A table of names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Names {
    /// Routing tables.
    Tables,
    /// Who made a route.
    Protocols,
    /// Scopes of addresses and routes.
    Scopes,
    /// Types of service.
    Services,
    /// Realms.
    Realms,
    /// Groups of links.
    Groups,
    /// Protocols on top of IP.
    Transports,
}

/// Where iproute2's tables are unless `iproute_usr_dir` and `iproute_etc_dir` say otherwise.
const SHIPPED: &str = "/usr/share/iproute2";
const LOCAL: &str = "/etc/iproute2";

impl Names {
    const fn file(self) -> &'static str {
        match self {
            Self::Tables => "rt_tables",
            Self::Protocols => "rt_protos",
            Self::Scopes => "rt_scopes",
            Self::Services => "rt_dsfield",
            Self::Realms => "rt_realms",
            Self::Groups => "group",
            Self::Transports => "/etc/protocols",
        }
    }

    /// Largest number.
    pub(crate) const fn most(self) -> u32 {
        match self {
            Self::Tables | Self::Groups => u32::MAX,
            Self::Realms => 0xffff,
            Self::Protocols | Self::Scopes | Self::Services | Self::Transports => 0xff,
        }
    }

    /// What it is a table of.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Tables => "routing table",
            Self::Protocols => "routing protocol",
            Self::Scopes => "scope",
            Self::Services => "type of service",
            Self::Realms => "realm",
            Self::Groups => "group of interfaces",
            Self::Transports => "protocol",
        }
    }

    /// Names that need no file.
    const fn known(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::Tables => &[("unspec", 0), ("default", 253), ("main", 254), ("local", 255)],
            Self::Protocols => &[
                ("unspec", 0),
                ("redirect", 1),
                ("kernel", 2),
                ("boot", 3),
                ("static", 4),
                ("ra", 9),
                ("zebra", 11),
                ("bird", 12),
                ("dhcp", 16),
                ("keepalived", 18),
                ("babel", 42),
                ("openr", 99),
                ("bgp", 186),
                ("isis", 187),
                ("ospf", 188),
                ("rip", 189),
                ("eigrp", 192),
            ],
            Self::Scopes => &[
                ("global", 0),
                ("universe", 0),
                ("site", 200),
                ("link", 253),
                ("host", 254),
                ("nowhere", 255),
            ],
            Self::Services => &[("default", 0)],
            Self::Realms => &[("cosmos", 0)],
            Self::Groups => &[("default", 0)],
            Self::Transports => &[
                ("icmp", 1),
                ("tcp", 6),
                ("udp", 17),
                ("gre", 47),
                ("esp", 50),
                ("ah", 51),
                ("ipv6-icmp", 58),
                ("icmpv6", 58),
                ("ospf", 89),
                ("vrrp", 112),
                ("sctp", 132),
            ],
        }
    }
}

impl Resolver<'_, '_> {
    /// The number of a name, or the number itself; `None` if there is neither, or it is too large.
    pub(crate) fn number_of(&mut self, names: Names, word: &str) -> Option<u32> {
        if let Some(number) = c_integer(word) {
            return u32::try_from(number).ok().filter(|number| *number <= names.most());
        }
        if !self.names.contains_key(&names) {
            let table = self.table_of(names);
            self.names.insert(names, table);
        }
        let number = self.names.get(&names)?.get(word).copied();
        // Away from the host any name may be one of its tables.
        let made_up = (!self.surroundings.is_real() && !matches!(names, Names::Transports | Names::Scopes))
            .then_some(1);
        number.or(made_up)
    }

    fn table_of(&self, names: Names) -> BTreeMap<String, u32> {
        let mut table: BTreeMap<String, u32> =
            names.known().iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
        let file = names.file();
        if names == Names::Transports {
            // `tcp 6 TCP`: here the name stands first.
            let text = self.surroundings.read_text(file).unwrap_or_default();
            add(&mut table, &text, |first, second| Some((first, second.parse().ok()?)));
            return table;
        }
        let directory = |set: &Option<crate::value::Set<String>>, usual: &str| {
            set.as_ref().map_or_else(|| usual.to_owned(), |set| set.value.clone())
        };
        for directory in
            [directory(&self.global.iproute_usr_dir, SHIPPED), directory(&self.global.iproute_etc_dir, LOCAL)]
        {
            let mut paths = vec![format!("{directory}/{file}")];
            let more = format!("{directory}/{file}.d");
            let listed = self.surroundings.list(&more);
            paths.extend(
                listed.iter().filter(|name| name.ends_with(".conf")).map(|name| format!("{more}/{name}")),
            );
            for path in paths {
                let text = self.surroundings.read_text(&path).unwrap_or_default();
                add(&mut table, &text, |first, second| {
                    Some((second, u32::try_from(c_integer(first)?).ok()?))
                });
            }
        }
        table
    }
}

/// Adds the lines of a table, of two words each; what cannot be understood is passed over.
fn add<'t>(
    table: &mut BTreeMap<String, u32>,
    text: &'t str,
    pair: impl Fn(&'t str, &'t str) -> Option<(&'t str, u32)>,
) {
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        if let (Some(first), Some(second)) = (words.next(), words.next())
            && let Some((name, number)) = pair(first, second)
        {
            table.insert(name.to_owned(), number);
        }
    }
}
