//! A session as a trial wants it, in the words of each daemon.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::peer::Kind;

/// A session between host 1 and host 2, the same on both sides but for the addresses.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// This side, and the other.
    pub(crate) ends: (IpAddr, IpAddr),
    /// The link, for those who want to be told.
    pub(crate) link: Option<&'static str>,
    /// Both intervals, in milliseconds.
    pub(crate) interval: u32,
    /// It sends no echoes of its own.
    pub(crate) listens: bool,
    /// Packets that may be missed.
    pub(crate) multiplier: u8,
    /// Over routers.
    pub(crate) multihop: bool,
    /// It waits for the other side.
    pub(crate) passive: bool,
    /// What packets leave with, if not the usual.
    pub(crate) ttl: Option<u8>,
    /// It takes part.
    pub(crate) enabled: bool,
    /// Echo packets go out and are sent back: the way of ours, or none.
    pub(crate) echo: Option<&'static str>,
    /// The type of authentication and the secret: ours in the first place, BIRD's name of it in the second.
    pub(crate) auth: Option<(&'static str, &'static str, &'static str)>,
}

impl Session {
    /// 50 ms × 3 between two addresses.
    pub(crate) fn between(ours: IpAddr, theirs: IpAddr) -> Session {
        Session {
            ends: (ours, theirs),
            link: None,
            interval: 50,
            listens: false,
            multiplier: 3,
            multihop: false,
            passive: false,
            ttl: None,
            enabled: true,
            echo: None,
            auth: None,
        }
    }

    /// The other side's.
    pub(crate) fn turned(&self) -> Session {
        Session { ends: (self.ends.1, self.ends.0), listens: !self.listens, ..self.clone() }
    }

    /// In the language of a daemon.
    pub(crate) fn text(&self, kind: Kind) -> String {
        match kind {
            Kind::Ours | Kind::Keepalived => self.keepalived(kind == Kind::Ours),
            Kind::Frr => self.frr(),
            Kind::Bird => self.bird(),
        }
    }

    fn keepalived(&self, ours: bool) -> String {
        let (here, there) = self.ends;
        let (interval, multiplier) = (self.interval, self.multiplier);
        let mut text = format!(
            "bfd_instance peer {{\n    neighbor_ip {there}\n    source_ip {here}\n    min_rx {interval}\n    \
             min_tx {interval}\n    multiplier {multiplier}\n"
        );
        let mut add = |line: String| text += &format!("    {line}\n");
        let hops = if here.is_ipv4() { "ttl" } else { "hoplimit" };
        if self.multihop {
            // BIRD's packets leave with 64.
            add("multihop true\n    max_hops 191".into());
        }
        if self.passive {
            add("passive".into());
        }
        if let Some(ttl) = self.ttl {
            add(format!("{hops} {ttl}"));
        }
        if let Some(link) = self.link.filter(|_| ours) {
            add(format!("interface {link}"));
        }
        if let Some((kind, _, secret)) = self.auth {
            add(format!("auth_type {kind}\n    auth_key 1 {secret}"));
        }
        if let Some(route) = self.echo {
            // One side of ours sends none, so that what is counted is known.
            add(if self.listens {
                "echo_rx 20".into()
            } else {
                format!("echo_rx 20\n    echo_tx 20\n    echo_route {route}")
            });
        }
        if !self.enabled {
            add("enabled no".into());
        }
        text + "}\n"
    }

    fn frr(&self) -> String {
        let (here, there) = self.ends;
        let kind = if self.multihop { " multihop" } else { "" };
        let link = if self.multihop { String::new() } else { " interface eth0".into() };
        let mut text = format!("bfd\n peer {there}{kind} local-address {here}{link}\n");
        let (interval, multiplier) = (self.interval, self.multiplier);
        let _ = write!(
            text,
            "  detect-multiplier {multiplier}\n  receive-interval {interval}\n  transmit-interval {interval}\n"
        );
        if self.passive {
            text += "  passive-mode\n";
        }
        if let Some(ttl) = self.ttl {
            let _ = writeln!(text, "  minimum-ttl {ttl}");
        }
        if self.echo.is_some() {
            text += "  echo-mode\n  echo transmit-interval 50\n  echo receive-interval 50\n";
        }
        if !self.enabled {
            text += "  shutdown\n";
        }
        text + " !\n!\n"
    }

    fn bird(&self) -> String {
        let (here, there) = self.ends;
        let (interval, multiplier) = (self.interval, self.multiplier);
        let mut settings = format!(
            "min rx interval {interval} ms; min tx interval {interval} ms; idle tx interval 1 s; multiplier \
             {multiplier};"
        );
        if self.passive {
            settings += " passive on;";
        }
        if let Some((_, kind, secret)) = self.auth {
            let _ = write!(settings, " authentication {kind}; password \"{secret}\" {{ id 1; }};");
        }
        let (block, neighbour) = if self.multihop {
            (format!("multihop {{ {settings} }};"), format!("neighbor {there} local {here} multihop on;"))
        } else {
            let neighbour = format!("neighbor {there} dev \"eth0\" local {here};");
            (format!("interface \"eth0\" {{ {settings} }};"), neighbour)
        };
        let neighbour = if self.enabled { neighbour } else { String::new() };
        format!(
            "router id 10.1.0.2;\nlog stderr all;\nprotocol device {{}}\nprotocol bfd b {{ {block} {neighbour} }}\n"
        )
    }
}
