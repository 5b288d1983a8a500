//! What the master holds.

use std::collections::BTreeSet;
use std::net::IpAddr;

use host::Family;
use vrrp::config::{InstanceConfig, Version, VirtualAddress, VirtualRoute, VirtualRule};

use super::Lowering;
use crate::block::vrrp_instance::Addresses;
use crate::block::{address, route, rule};
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::tree::NodeId;
use crate::value::Set;

/// The addresses of an instance, each with its place.
pub(super) struct Held {
    pub(super) advertised: Vec<(VirtualAddress, Span)>,
    pub(super) excluded: Vec<(VirtualAddress, Span)>,
    /// Where those stand that ask for a link of their own.
    pub(super) asking: BTreeSet<Span>,
    pub(super) routes: Vec<VirtualRoute>,
    pub(super) rules: Vec<VirtualRule>,
}

impl Held {
    pub(super) fn into_config(self, config: InstanceConfig) -> InstanceConfig {
        let Self { advertised, excluded, asking: _, routes, rules } = self;
        let addresses = advertised.into_iter().map(|(address, _)| address).collect();
        let excluded = excluded.into_iter().map(|(address, _)| address).collect();
        InstanceConfig { addresses, excluded, ..config }.with(|it| {
            it.routes = routes;
            it.rules = rules;
        })
    }
}

impl Lowering<'_, '_, '_> {
    /// Reads the lists.
    pub(super) fn held(&mut self, block: &Addresses) -> Held {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let Addresses {
            virtual_ipaddress,
            virtual_ipaddress_excluded,
            no_virtual_ipaddress: _,
            virtual_routes,
            virtual_rules,
        } = block;
        let mut asking = BTreeSet::new();
        let advertised = self.addresses(virtual_ipaddress, &mut asking);
        let excluded = self.addresses(virtual_ipaddress_excluded, &mut asking);
        let mut routes = Vec::new();
        for line in self.lines(virtual_routes) {
            if let Some(read) = route::line(self.resolver, line, false) {
                route::join(&mut routes, read.route);
            }
        }
        let mut rules = Vec::new();
        for line in self.lines(virtual_rules) {
            rules.extend(rule::line(self.resolver, line, false).map(|read| read.rule));
        }
        Held { advertised, excluded, asking, routes, rules }
    }

    /// Leaves out advertised addresses of another family, then excluded ones that are advertised.
    pub(super) fn settle(&mut self, held: &mut Held, family: Family) {
        self.keep_family(&mut held.advertised, family);
        self.drop_repeats(&mut held.excluded, &held.advertised);
    }

    fn lines(&self, lists: &[NodeId]) -> Vec<NodeId> {
        lists.iter().flat_map(|list| self.resolver.reader.tree.children(*list)).collect()
    }

    fn addresses(&mut self, lists: &[NodeId], asking: &mut BTreeSet<Span>) -> Vec<(VirtualAddress, Span)> {
        let mut addresses: Vec<(VirtualAddress, Span)> = Vec::new();
        for line in lists.iter().flat_map(|list| self.resolver.reader.tree.children(*list)) {
            let Some(line) = address::line(self.resolver, line, false) else { continue };
            if line.use_vmac {
                asking.insert(line.at);
            }
            addresses.push((line.address, line.at));
        }
        let mut kept = Vec::with_capacity(addresses.len());
        for (address, at) in addresses {
            self.keep_once(&mut kept, address, at);
        }
        kept
    }

    fn keep_once(&mut self, kept: &mut Vec<(VirtualAddress, Span)>, address: VirtualAddress, at: Span) {
        match kept.iter().find(|(have, _)| address::same(have, &address)) {
            Some((_, first)) => {
                let message =
                    format!("({}) {} stands here a second time", self.name, address.prefix.address());
                self.add(Diagnostic::new(code::REPEATED, at, message).related(*first, "the first"));
            }
            None => kept.push((address, at)),
        }
    }

    fn drop_repeats(&mut self, excluded: &mut Vec<(VirtualAddress, Span)>, own: &[(VirtualAddress, Span)]) {
        excluded.retain(|(address, at)| {
            let repeated = own.iter().any(|(have, _)| address::same(have, address));
            if repeated {
                let message = format!("{} is advertised already", address.prefix.address());
                self.complain(code::REPEATED, *at, message);
            }
            !repeated
        });
    }

    fn keep_family(&mut self, addresses: &mut Vec<(VirtualAddress, Span)>, family: Family) {
        addresses.retain(|(address, at)| {
            let fits = address.prefix.family() == family;
            if !fits {
                let message =
                    format!("{} is not {family} as the first is; it is ignored", address.prefix.address());
                let found = Diagnostic::new(code::FAMILY, *at, format!("({}) {message}", self.name));
                self.add(found.help("put addresses of the other family into virtual_ipaddress_excluded"));
            }
            fits
        });
    }

    pub(super) fn has_addresses(
        &mut self,
        addresses: &[(VirtualAddress, Span)],
        allowed: &Option<Set<bool>>,
        version: Version,
    ) {
        if let Some(set) = allowed.as_ref().filter(|_| self.strict) {
            self.complain(
                code::STRICT,
                set.at,
                "strict mode needs an address; no_virtual_ipaddress is ignored".into(),
            );
        }
        if !addresses.is_empty() || (allowed.is_some() && !self.strict) {
            if let Some((first, at)) = addresses.first().filter(|_| self.strict)
                && let IpAddr::V6(address) = first.prefix.address()
                && !address.is_unicast_link_local()
            {
                // RFC 9568 §5.2.9
                self.complain(code::STRICT, *at, "the first IPv6 address must be link-local".into());
            }
            return;
        }
        let help = Some("list them in virtual_ipaddress".to_owned());
        match version {
            Version::V3 => {
                self.refuse(code::NO_ADDRESS, self.at, "Version 3 needs at least one address", help)
            }
            Version::V2 if self.strict => {
                self.refuse(code::NO_ADDRESS, self.at, "Strict mode needs at least one address", help);
            }
            Version::V2 => {
                self.complain(code::NO_ADDRESS, self.at, "the virtual router has no address".into())
            }
        }
    }
}
