//! What we put on the wire, byte for byte what keepalived puts there for the same configuration, and both what the
//! recordings say.
//!
//! The first frame of each kind is taken: IP identifications count from one for every instance, so even they agree.

#[expect(dead_code, reason = "shared by several programs, each of which uses its part")]
mod netns;

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::Duration;

use netns::capture::Capture;
use netns::clock::Stamp;
use netns::daemon::{Daemon, Make};
use netns::lab::Lab;
use netns::packet::{Kind, Packet};
use netns::runner::{self, Options, Trial};
use netns::seal;

/// A configuration and the frames it leads to.
struct Sample {
    name: &'static str,
    /// The host's own address of the family, put there before the start.
    source: &'static str,
    instance: &'static str,
    addresses: &'static [&'static str],
    /// Advert, then an announcement an address, from the Ethernet header on: keepalived's, recorded.
    golden: &'static [&'static str],
}

const SAMPLES: [Sample; 5] = [
    Sample {
        name: "v2 with PASS and two addresses",
        source: "10.1.0.1/24",
        instance: "version 2\nvirtual_router_id 51\npriority 100\nadvert_int 1\n\
                   authentication {\nauth_type PASS\nauth_pass secret\n}",
        addresses: &["10.1.0.100", "10.1.0.101"],
        golden: &[
            "01005e000012 020000000001 0800 45c0002c00010000ff70d08c0a010001e0000012 \
             21336402010128b2 0a010064 0a010065 7365637265740000",
            "ffffffffffff 020000000001 0806 0001080006040001 0200000000010a010064 ffffffffffff0a010064",
            "ffffffffffff 020000000001 0806 0001080006040001 0200000000010a010065 ffffffffffff0a010065",
        ],
    },
    Sample {
        name: "v2 without authentication",
        source: "10.1.0.1/24",
        instance: "version 2\nvirtual_router_id 54\npriority 100\nadvert_int 1",
        addresses: &["10.1.0.104"],
        golden: &[
            "01005e000012 020000000001 0800 45c0002800010000ff70d0900a010001e0000012 213664010001705e 0a010068 \
             0000000000000000",
            "ffffffffffff 020000000001 0806 0001080006040001 0200000000010a010068 ffffffffffff0a010068",
        ],
    },
    Sample {
        name: "v2 with AH",
        source: "10.1.0.1/24",
        instance: "version 2\nvirtual_router_id 54\npriority 100\nadvert_int 1\n\
                   authentication {\nauth_type AH\nauth_pass secret\n}",
        addresses: &["10.1.0.103"],
        golden: &[
            "01005e000012 020000000001 0800 45c0004000010000ff33d0b50a010001e0000012 \
             70040000 0a010001 00000001 47c47e32b9c115b58f09bfeb 2136640102016e5f 0a010067 0000000000000000",
            "ffffffffffff 020000000001 0806 0001080006040001 0200000000010a010067 ffffffffffff0a010067",
        ],
    },
    Sample {
        name: "v3 over IPv4 at 0.3 s",
        source: "10.1.0.1/24",
        instance: "version 3\nvirtual_router_id 52\npriority 150\nadvert_int 0.3",
        addresses: &["10.1.0.102"],
        golden: &[
            "01005e000012 020000000001 0800 45c0002000010000ff70d0980a010001e0000012 31349601001e43b4 0a010066",
            "ffffffffffff 020000000001 0806 0001080006040001 0200000000010a010066 ffffffffffff0a010066",
        ],
    },
    Sample {
        name: "v3 over IPv6",
        source: "fe80::98de:e1ff:fe21:1df0/64",
        instance: "version 3\nvirtual_router_id 53\npriority 200\nadvert_int 1",
        addresses: &["fe80::100", "2001:db8::1"],
        golden: &[
            "333300000012 020000000001 86dd 6c000000002870ff \
             fe8000000000000098dee1fffe211df0 ff020000000000000000000000000012 3135c8020064440a \
             fe800000000000000000000000000100 20010db8000000000000000000000001",
            "333300000001 020000000001 86dd 6000000000203aff \
             fe800000000000000000000000000100 ff020000000000000000000000000001 \
             8800559d 20000000 fe800000000000000000000000000100 0201020000000001",
            "333300000001 020000000001 86dd 6000000000203aff \
             20010db8000000000000000000000001 ff020000000000000000000000000001 \
             8800f92a 20000000 20010db8000000000000000000000001 0201020000000001",
        ],
    },
];

fn main() -> ExitCode {
    let options = Options::read();
    let mut trials = Vec::new();
    for sample in &SAMPLES {
        for make in [Make::Ours, Make::Theirs] {
            let run = Box::new(move || assert_golden(sample, make));
            trials.push(Trial {
                name: format!("{}: {make} as recorded", sample.name),
                makes: vec![make],
                programs: &["ip"],
                kernel: None,
                run,
            });
        }
        let run = Box::new(move || {
            let [mut ours, mut theirs] = [Make::Ours, Make::Theirs].map(|make| frames(sample, make));
            without_seal(&mut ours);
            without_seal(&mut theirs);
            assert_same(&ours, &theirs);
        });
        trials.push(Trial {
            name: format!("{}: ours as theirs", sample.name),
            makes: vec![Make::Ours, Make::Theirs],
            programs: &["ip"],
            kernel: None,
            run,
        });
    }
    let makes = vec![Make::Ours];
    let run = Box::new(assert_signed);
    trials.push(Trial {
        name: "signed: ours as recorded".to_owned(),
        makes,
        programs: &["ip"],
        kernel: None,
        run,
    });
    runner::main("capture", &options, trials)
}

/// vrrp-behaviour §1.2, §1.3, §1.4.
/// As observed: B1.1-01, B1.2-01, B1.2-02, B1.2-03, B1.2-04, B1.3-01, B1.3-02, B1.4-01, B7-03, B7-04.
fn assert_golden(sample: &Sample, make: Make) {
    let mut golden: Vec<Vec<u8>> = sample.golden.iter().map(|hex| bytes(hex)).collect();
    let mut frames = frames(sample, make);
    for frames in [&mut frames, &mut golden] {
        without_seal(frames);
    }
    assert_same(&frames, &golden);
}

/// Recorded from keepalived 2.4.3, which is not installed here, with the key `0123456789abcdef0123456789abcdef` as number
/// 7: the trailer `0107 0000 6b02e861 d5f6 0000` and the signature `1e8a5cce35d3bf2766474f57f6c8e279`.
///
/// vrrp-behaviour §1.5.
/// As observed: B1.5-01.
fn assert_signed() {
    let secret = b"0123456789abcdef0123456789abcdef";
    let advert = bytes("313d64010064755d 0a01006e");
    let source = Ipv4Addr::new(10, 1, 0, 1);
    let recorded = [1, 7, 0, 0, 0x6b, 0x02, 0xe8, 0x61, 0xd5, 0xf6, 0, 0];
    let ours = |head: &[u8; 12]| hex(&seal::signature(source, &advert, head, secret));
    assert_eq!(ours(&recorded), "1e8a5cce35d3bf2766474f57f6c8e279", "the test computes as keepalived does");

    let signed = |written: &str| {
        let key = format!("auth_hmac {{\nkey 7 {written}\nactive_key 7\n}}");
        let instance = format!("version 3\nvirtual_router_id 61\npriority 100\nadvert_int 1\n{key}");
        let [frame, _] =
            frames_of("10.1.0.1/24", &instance, &["10.1.0.110"], Make::Ours).try_into().expect("two");
        let (head, signature) = frame[46..].split_at(12);
        assert_eq!(frame[16..18], [0, 60], "the length of the IP packet counts the trailer");
        assert_eq!(frame[34..46], advert, "the advert and its checksum know nothing of the trailer");
        assert_eq!(head[..4], recorded[..4], "type, key and what is reserved");
        let stamp = u32::from_be_bytes(head[4..8].try_into().expect("four bytes"));
        assert!(Stamp::now().unix_seconds().abs_diff(u64::from(stamp)) < 10, "the seconds since 1970");
        assert_eq!(hex(signature), ours(head.try_into().expect("twelve bytes")), "{written}");
    };
    signed("0123456789abcdef0123456789abcdef");
    signed(&format!("hex:{}", hex(secret)));
}

/// The first advert of a lone master, and its first announcement of each address.
fn frames(sample: &Sample, make: Make) -> Vec<Vec<u8>> {
    frames_of(sample.source, sample.instance, sample.addresses, make)
}

fn frames_of(source: &str, instance: &str, addresses: &[&str], make: Make) -> Vec<Vec<u8>> {
    let mut lab = Lab::new();
    let host = lab.host("eth0");
    host.namespace.ip(&format!("addr flush dev eth0\naddr add {source} dev eth0"));
    let wire = Capture::start(&lab, &[&host]);
    let text = format!(
        "global_defs {{\nscript_user root\n}}\nvrrp_instance VI_1 {{\ninterface eth0\n{}\nvirtual_ipaddress {{\n{}\n}}\n}}\n",
        instance,
        addresses.join("\n")
    );
    let mut daemon = Daemon::new(&lab, &host, make, "a", &text);
    let started = daemon.start();
    let first = |wanted: &dyn Fn(&Packet) -> bool| {
        let packet = wire.wait(&host, started, Duration::from_secs(6), wanted);
        without_flow_label(
            packet.unwrap_or_else(|| panic!("it never came\n{}\n{}", wire.story(), daemon.log())).frame,
        )
    };
    let mut frames = vec![first(&|packet| packet.advert().is_some())];
    for address in addresses {
        let address: IpAddr = address.parse().expect("the sample gives addresses");
        frames.push(first(&|packet| packet.kind == Kind::Announcement(address)));
    }
    frames
}

/// Differs: a sequence of ours begins with the seconds since 1970. The check value is looked at, and both are left out.
fn without_seal(frames: &mut [Vec<u8>]) {
    for frame in frames.iter_mut().filter(|frame| frame.get(12..14) == Some(&[8, 0]) && frame[23] == 51) {
        assert_eq!(frame[seal::CHECK_VALUE], seal::check_value(frame, b"secret"), "the check value");
        frame[42..58].fill(0);
    }
}

/// Without the IPv6 flow label: the kernel makes it up from a secret of its own, anew at every boot.
fn without_flow_label(mut frame: Vec<u8>) -> Vec<u8> {
    if frame.get(12..14) == Some(&[0x86, 0xdd]) {
        frame[15] &= 0xf0;
        frame[16..18].fill(0);
    }
    frame
}

/// Field by field, so that a difference has a name.
fn assert_same(left: &[Vec<u8>], right: &[Vec<u8>]) {
    let mut differences = String::new();
    assert_eq!(left.len(), right.len(), "frames to compare");
    for (left, right) in left.iter().zip(right) {
        for ((name, left), (_, right)) in fields(left).iter().zip(fields(right)) {
            if *left != right {
                // Writing to a string cannot fail.
                let _ = writeln!(differences, "{name}: {} and {}", hex(left), hex(&right));
            }
        }
        if left != right {
            let _ = writeln!(differences, "  in {}\n and {}", hex(left), hex(right));
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

type Layout = &'static [(&'static str, usize)];

const ETHERNET: Layout = &[("Ethernet destination", 6), ("Ethernet source", 6), ("Ethernet type", 2)];
/// RFC 791 §3.1.
const IPV4: Layout = &[
    ("IP version and header length", 1),
    ("IP type of service", 1),
    ("IP total length", 2),
    ("IP identification", 2),
    ("IP flags and fragment", 2),
    ("IP time to live", 1),
    ("IP protocol", 1),
    ("IP checksum", 2),
    ("IP source", 4),
    ("IP destination", 4),
];
/// RFC 8200 §3.
const IPV6: Layout = &[
    ("IPv6 version and class", 4),
    ("IPv6 length", 2),
    ("IPv6 next header", 1),
    ("IPv6 hop limit", 1),
    ("IPv6 source", 16),
    ("IPv6 destination", 16),
];
/// RFC 2402 §2.
const AH: Layout = &[
    ("AH next header", 1),
    ("AH length", 1),
    ("AH reserved", 2),
    ("AH index", 4),
    ("AH sequence", 4),
    ("AH check value", 12),
];
/// RFC 3768 §5.1 and RFC 9568 §5.1; bytes 4 and 5 are two fields in version 2, one in version 3.
const VRRP: Layout = &[
    ("VRRP version and type", 1),
    ("VRRP router", 1),
    ("VRRP priority", 1),
    ("VRRP count", 1),
    ("VRRP authentication type and interval, or interval", 2),
    ("VRRP checksum", 2),
];
/// RFC 826.
const ARP: Layout = &[
    ("ARP hardware", 2),
    ("ARP protocol", 2),
    ("ARP lengths", 2),
    ("ARP operation", 2),
    ("ARP sender hardware", 6),
    ("ARP sender", 4),
    ("ARP target hardware", 6),
    ("ARP target", 4),
];
/// RFC 4861 §4.4.
const NEIGHBOUR: Layout =
    &[("NA type and code", 2), ("NA checksum", 2), ("NA flags", 4), ("NA target", 16), ("NA option", 8)];

/// A frame in its named fields; what follows the last is one more.
fn fields(frame: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let layouts: &[Layout] = match (frame.get(12..14), frame.get(23), frame.get(20)) {
        (Some([0x08, 0x06]), _, _) => &[ETHERNET, ARP],
        (Some([0x08, 0x00]), Some(112), _) => &[ETHERNET, IPV4, VRRP],
        (Some([0x08, 0x00]), Some(51), _) => &[ETHERNET, IPV4, AH, VRRP],
        (Some([0x86, 0xdd]), _, Some(112)) => &[ETHERNET, IPV6, VRRP],
        (Some([0x86, 0xdd]), _, Some(58)) => &[ETHERNET, IPV6, NEIGHBOUR],
        _ => &[],
    };
    let mut rest = frame;
    let mut fields = Vec::new();
    for (name, length) in layouts.iter().copied().flatten() {
        let (field, after) = rest.split_at(rest.len().min(*length));
        fields.push((*name, field.to_vec()));
        rest = after;
    }
    fields.push(("the rest", rest.to_vec()));
    fields
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes from hexadecimal digits with spaces between fields.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let pair = |two: &[char]| u8::from_str_radix(&two.iter().collect::<String>(), 16);
    digits.chunks(2).map(|two| pair(two).expect("recordings are hexadecimal")).collect()
}
