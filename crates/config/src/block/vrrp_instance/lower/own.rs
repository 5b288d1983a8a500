//! A link of its own: a VMAC or an ipvlan.

use host::{Family, LinkName, MacAddress, VirtualLink, VirtualLinkKind};
use vrrp::config::{InstanceConfig, Mode, OwnLink, Vrid};

use super::Lowering;
use super::addresses::Held;
use crate::block::vrrp_instance::OwnWords;
use crate::diagnostic::{Diagnostic, code};
use crate::resolve::names::Names;
use crate::source::Span;
use crate::value::Set;

/// Words for `IFLA_IPVLAN_FLAGS`.
const FLAGS: [&str; 3] = ["bridge", "private", "vepa"];

/// What the link is made from.
pub(super) struct Own<'o> {
    pub(super) family: Family,
    pub(super) vrid: Vrid,
    pub(super) link: Option<&'o LinkName>,
    pub(super) mode: &'o Mode,
    pub(super) held: &'o mut Held,
}

/// What comes of it.
pub(super) struct Made {
    pub(super) link: Option<OwnLink>,
    pub(super) promote_secondaries: bool,
    pub(super) address_links: Vec<VirtualLink>,
}

impl Made {
    pub(super) fn into_config(self, config: InstanceConfig) -> InstanceConfig {
        let Self { link: own_link, promote_secondaries, address_links } = self;
        config.with(|it| {
            it.own_link = own_link;
            it.promote_secondaries = promote_secondaries;
            it.address_links = address_links;
        })
    }
}

impl Lowering<'_, '_, '_> {
    pub(super) fn own(&mut self, block: crate::block::vrrp_instance::Own, from: &mut Own<'_>) -> Made {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let crate::block::vrrp_instance::Own {
            use_vmac,
            use_ipvlan,
            use_vmac_addr,
            vmac_xmit_base,
            promote_secondaries,
        } = block;
        let is_vmac = use_vmac.is_some();
        self.settle_asking(from, is_vmac, use_vmac_addr.is_some());
        let link = from.link.and_then(|base| match (use_vmac, use_ipvlan) {
            (Some(words), _) => Some(self.vmac(words, base, &vmac_xmit_base, from)),
            (None, Some(words)) => Some(self.ipvlan(words, base, from)),
            (None, None) => None,
        });
        if let Some(set) = vmac_xmit_base.filter(|_| !is_vmac) {
            self.complain(code::NOT_TOGETHER, set.at, "vmac_xmit_base needs use_vmac; it is ignored".into());
        }
        if let Some(set) = promote_secondaries.as_ref().filter(|_| link.is_some()) {
            let message = "an interface of its own has promote_secondaries anyway; it is ignored";
            self.complain(code::NOT_TOGETHER, set.at, message.into());
        }
        let promote_secondaries = promote_secondaries.is_some() && link.is_none();
        Made { promote_secondaries, link, address_links: self.address_links(from) }
    }

    /// Which addresses are to have a link of their own: those that ask for it, and where `all` do, those on other
    /// interfaces and of the other family.
    fn settle_asking(&mut self, from: &mut Own<'_>, is_vmac: bool, all: bool) {
        let Held { advertised, excluded, asking, .. } = &mut *from.held;
        for (address, at) in advertised.iter().chain(excluded.iter()) {
            let at_home = address.link.as_ref().is_none_or(|link| Some(link) == from.link)
                && address.prefix.family() == from.family;
            if asking.contains(at) && if at_home { is_vmac } else { all } {
                let message = format!("use_vmac of {} is said for all already", address.prefix);
                self.complain(code::NOT_TOGETHER, *at, message);
            }
            if at_home && is_vmac {
                asking.remove(at);
            } else if !at_home && all {
                asking.insert(*at);
            }
        }
    }

    /// As keepalived: one link for all addresses of a family on an interface, with the Ethernet address of RFC 9568.
    fn address_links(&mut self, from: &mut Own<'_>) -> Vec<VirtualLink> {
        let mut links: Vec<VirtualLink> = Vec::new();
        let Held { advertised, excluded, asking, .. } = &mut *from.held;
        for (address, at) in advertised.iter_mut().chain(excluded.iter_mut()) {
            if !asking.contains(at) {
                continue;
            }
            let Some(base) = address.link.as_ref().or(from.link) else { continue };
            let family = address.prefix.family();
            let known = links.iter().find(|link| link.base == *base && link.family == family);
            let name = match known {
                Some(link) => link.name.clone(),
                None => {
                    let global = self.resolver.global;
                    let prefix = global.vmac_addr_prefix.as_ref().or(global.vmac_prefix.as_ref());
                    let name = self.free_name(prefix, family, from.vrid).unwrap_or_else(|| base.clone());
                    let kind = VirtualLinkKind::Vmac(virtual_mac(family, from.vrid));
                    let base = base.clone();
                    links.push(VirtualLink {
                        name: name.clone(),
                        base,
                        kind,
                        group: None,
                        family,
                        both_families: false,
                    });
                    name
                }
            };
            address.own_link = Some(name);
        }
        links
    }

    fn vmac(
        &mut self,
        words: Set<OwnWords>,
        base: &LinkName,
        xmit_base: &Option<Set<bool>>,
        from: &Own<'_>,
    ) -> OwnLink {
        let Set { value: OwnWords { name, mac, flags: _, address: _, group }, at } = words;
        let mac = mac.filter(|set| {
            if self.strict {
                let message = "strict mode has the Ethernet address of RFC 9568 §7.3; this one is ignored";
                self.complain(code::STRICT, set.at, message.into());
            }
            !self.strict
        });
        let mac = match mac.as_ref().map(|set| set.value.as_slice()) {
            Some(&[a, b, c, d, e]) => MacAddress([a, b, c, d, e, from.vrid.get()]),
            Some(&[a, b, c, d, e, f]) => MacAddress([a, b, c, d, e, f]),
            Some(_) | None => virtual_mac(from.family, from.vrid),
        };
        let mut adverts_by_base = xmit_base.is_some();
        if let Some(set) = xmit_base.as_ref().filter(|_| self.strict) {
            self.complain(code::STRICT, set.at, "strict mode has no vmac_xmit_base; it is ignored".into());
            adverts_by_base = false;
        }
        if matches!(from.mode, Mode::Unicast { .. }) && !adverts_by_base {
            let message = "adverts to peers leave by the interface underneath; vmac_xmit_base is taken";
            self.complain(code::NOT_TOGETHER, at, message.into());
            adverts_by_base = true;
        }
        OwnLink {
            link: VirtualLink {
                name: self.own_name(name, base, from),
                base: base.clone(),
                kind: VirtualLinkKind::Vmac(mac),
                group: self.link_group(group),
                family: from.family,
                both_families: from.held.excluded.iter().any(|(address, at)| {
                    let asks = from.held.asking.contains(at);
                    address.link.is_none() && !asks && address.prefix.family() != from.family
                }),
            },
            adverts_by_base,
            address: None,
        }
    }

    fn ipvlan(&mut self, words: Set<OwnWords>, base: &LinkName, from: &Own<'_>) -> OwnLink {
        let Set { value: OwnWords { name, mac: _, flags, address, group }, at } = words;
        let flags = self.flags(flags, base, at);
        if address.is_none() && from.family == Family::V4 {
            let message = "an ipvlan for IPv4 needs an address; the instance stays in fault";
            let found = Diagnostic::new(code::NO_ADDRESS, at, format!("({}) {message}", self.name));
            self.add(found.help("use_ipvlan ADDRESS"));
        }
        if let Some(set) = address.as_ref().filter(|set| set.value.family() != from.family) {
            let message = format!("{} is not {}; it is ignored", set.value, from.family);
            self.complain(code::FAMILY, set.at, message);
        }
        if matches!(from.mode, Mode::Unicast { .. }) {
            let message = "vmac_xmit_base, which adverts to peers need, does not go with an ipvlan";
            self.complain(code::NOT_TOGETHER, at, message.into());
        }
        OwnLink {
            link: VirtualLink {
                name: self.own_name(name, base, from),
                base: base.clone(),
                kind: VirtualLinkKind::Ipvlan(flags),
                group: self.link_group(group),
                family: from.family,
                both_families: true,
            },
            adverts_by_base: false,
            address: address.map(|set| set.value).filter(|address| address.family() == from.family),
        }
    }

    /// The kernel has one set of flags for all ipvlans on a link: that of the first here. Differs: Keepalived asks for each
    /// as it is written and says nothing of what comes of it.
    fn flags(&mut self, flags: u16, base: &LinkName, at: Span) -> u16 {
        let first = self.resolver.ipvlans.get(base).cloned();
        let (common, first) = first.unwrap_or_else(|| (flags, self.name.to_owned()));
        if common != flags {
            let word = FLAGS.get(usize::from(common)).copied().unwrap_or_default();
            let message =
                format!("the ipvlans on {base} are all {word}, as that of {first}, which is the first");
            self.complain(code::NOT_TOGETHER, at, message);
        }
        self.resolver.ipvlans.insert(base.clone(), (common, first));
        common
    }

    fn link_group(&mut self, group: Option<Span>) -> Option<u32> {
        let at = group?;
        let word = self.resolver.reader.text(at);
        let number = self.resolver.number_of(Names::Groups, word);
        if number.is_none() {
            self.complain(
                code::UNKNOWN_NAME,
                at,
                format!("`{word}` is no group of interfaces; it is ignored"),
            );
        }
        number
    }

    /// The name that is written, else `vrrp.VRID`, and if that is taken `vrrp6.VRID` for IPv6, `vrrp1.VRID` and so on.
    fn own_name(&mut self, written: Option<Set<LinkName>>, base: &LinkName, from: &Own<'_>) -> LinkName {
        let written = written.filter(|set| match self.resolver.own_links.get(&set.value) {
            Some(other) => {
                let message =
                    format!("{} has an interface {} already; the name is ignored", other, set.value);
                self.complain(code::DUPLICATE, set.at, message);
                false
            }
            None => true,
        });
        let Some(set) = written else {
            let prefix = self.resolver.global.vmac_prefix.as_ref();
            // Sixty-five thousand names are taken: the link underneath stands for one more.
            return self.free_name(prefix, from.family, from.vrid).unwrap_or_else(|| base.clone());
        };
        self.resolver.own_links.insert(set.value.clone(), self.name.to_owned());
        set.value
    }

    /// Takes the first name that no other virtual router has.
    fn free_name(&mut self, prefix: Option<&Set<String>>, family: Family, vrid: Vrid) -> Option<LinkName> {
        let prefix = prefix.map_or("vrrp", |set| &set.value);
        let six = (family == Family::V6).then(|| "6".to_owned());
        let numbers = (1..=u16::MAX).map(|number| number.to_string());
        let middles = [String::new()].into_iter().chain(six).chain(numbers);
        let mut made = middles.filter_map(|middle| {
            let mut name = format!("{prefix}{middle}.{vrid}");
            name.truncate(LinkName::MAX);
            LinkName::new(&name).ok()
        });
        let name = made.find(|name| !self.resolver.own_links.contains_key(name))?;
        self.resolver.own_links.insert(name.clone(), self.name.to_owned());
        Some(name)
    }
}

/// RFC 9568 §7.3.
const fn virtual_mac(family: Family, vrid: Vrid) -> MacAddress {
    let fifth = match family {
        Family::V4 => 1,
        Family::V6 => 2,
    };
    MacAddress([0x00, 0x00, 0x5e, 0x00, fifth, vrid.get()])
}
