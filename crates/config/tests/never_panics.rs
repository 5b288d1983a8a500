//! Whatever the bytes, reading ends, soon, and does not panic.

use std::time::Duration;

use config::fuzz_pipeline;
use proptest::prelude::*;

/// Real enough to reach every stage.
const SEEDS: [&str; 6] = [
    "global_defs {\n  router_id a\n  notification_email {\n    a@b c@d\n  }\n  vrrp_garp_interval 0.001\n  script_user root root\n}\n\
     vrrp_script s {\n  script \"/bin/true 'a b' \\x41\"\n  interval 0.5\n  weight -2 reverse\n  user root :root\n}\n\
     vrrp_instance V {\n  state MASTER\n  interface eth0\n  virtual_router_id 51\n  priority 255\n  advert_int 0.01\n  version 3\n\
     virtual_ipaddress {\n    192.0.2.1/24 brd + dev eth1 label a:b scope link\n    2001:db8::1/64 preferred_lft 3 -nodad\n  }\n\
     track_script {\n    s weight 3 reverse\n  }\n  unicast_peer {\n    192.0.2.2 min_ttl 3 max_ttl 9\n  }\n  notify \"/a b\" root root\n}\n",
    "$A= \\\nvrrp_instance V$N { \\\n  interface eth$N \\\n@main priority 200 \\\n  virtual_router_id $N \\\n}\n\
     ~SEQ(N, 1, 3) $A\n~LST({x,y}, {1,2}, 3) k $x ${y}\nk ${_RANDOM 1 5} ${_ENV PATH} ${_PWD}\n$B=${C}\n$C=$B\nk $B\n",
    "include a\nincludea keepalived.conf\nincludeb {a,b{c,d}}*\ninclude_check\nglobal_defs { include_check +read -match x }\n\
     @main include x\n@^main a b\nfoo { bar { } } }\nvirtual_server 192.0.2.1 80 { real_server 192.0.2.2 80 { HTTP_GET { url { path / } } } }\n",
    "virtual_server_group g {\n 192.0.2.1-9 80\n 2001:db8::/120 0\n fwmark 5 inet6\n}\nSSL { ca /a }\n\
     virtual_server group g {\n lvs_sched sh\n sh-port\n lvs_method TUN type gue port 6080 csum\n quorum 2\n hysteresis 1\n\
     persistence_granularity 64\n sorry_server 2001:db8::9 80\n sorry_server_lvs_method DR\n quorum_up \"/bin/a 'b'\" root\n\
     real_server 192.0.2.2 80 {\n weight 4294967295\n MISC_CHECK { misc_path \"/bin/x y\" user root }\n DNS_CHECK { name a.b type MX }\n }\n}\n\
     track_file f { file /run/f }\n",
    "virtual_server fwmark 7 {\n real_server 2001:db8::2 {\n HTTP_GET {\n retry 3x\n url {\n path /a\n status_code 200-299 x\n\
     digest 000102030405060708090a0b0c0d0e0f\n regex \"a\\x41'\"'\n regex_max_offset 0\n }\n }\n UDP_CHECK { payload 6 f6\n\
     require_reply 6xX }\n SMTP_CHECK { host { connect_ip fe80::1\n bind_if e } }\n BFD_CHECK { name b }\n FILE_CHECK { track_file f\n weight 2 reverse } } }\n\
     bfd_instance b {\n neighbor_ip 192.0.2.2\n min_rx 1.5\n max_hops 255\n ttl 3\n auth_type md5\n auth_key 1 0xff\n echo_tx 5\n weight -1 reverse\n}\n",
    "vrrp_instance A\n{\nauthentication { auth_type PASS auth_pass x }\nauth_hmac { key 1 \"x }\n}\n\"unmatched\nvrrp_script\n\\# ! x\n",
];

/// Longer than any input of a few hundred bytes may take without optimisation.
const LIMIT: Duration = Duration::from_secs(5);

/// What this thread has had of a processor, which others on the machine do not take part in.
fn spent() -> Duration {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = schedstat.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn ends_soon(bytes: &[u8]) {
    let start = spent();
    fuzz_pipeline(bytes);
    let took = spent().saturating_sub(start);
    assert!(took < LIMIT, "{took:?} for {:?}", String::from_utf8_lossy(bytes));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        ends_soon(&bytes);
    }

    #[test]
    fn words_of_the_language_in_any_order(
        picks in proptest::collection::vec((0..SEEDS.len(), 0..200_usize, "[ \n{}\"$~]?"), 0..60)
    ) {
        let mut text = String::new();
        for (seed, word, between) in picks {
            let words: Vec<&str> = SEEDS[seed].split_whitespace().collect();
            text += words[word % words.len()];
            text += if between.is_empty() { " " } else { &between };
        }
        ends_soon(text.as_bytes());
    }

    #[test]
    fn real_files_with_bytes_changed(
        seed in 0..SEEDS.len(),
        changes in proptest::collection::vec((0..1000_usize, any::<u8>(), 0..3_u8), 0..12),
    ) {
        let mut bytes = SEEDS[seed].as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at % bytes.len().max(1);
            match how {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 if !bytes.is_empty() => { bytes.remove(at); }
                _ => bytes.insert(at, byte),
            }
        }
        ends_soon(&bytes);
    }
}

#[test]
fn what_repeats_itself_without_end_ends() {
    for text in [
        "include keepalived.conf\n",
        "$A=\\\n$A \\\n$A\n$A\n",
        "$S=~SEQ(i,1,1000) $S\n$S\n",
        "~SEQ(a,65536) ~SEQ(b,65536) k $a $b\n",
        "$B=\\\nk $A \\\nk\n$A=~SEQ(i,65536) $B\n~SEQ(j,60000) $B\n",
        "~SEQ(i,9223372036854775807) k\n~SEQ(i,-9223372036854775807,9223372036854775807) k\n",
    ] {
        ends_soon(text.as_bytes());
    }
    ends_soon("{".repeat(200_000).as_bytes());
    ends_soon("global_defs {\n".repeat(20_000).as_bytes());
    ends_soon("}\n".repeat(200_000).as_bytes());
    ends_soon("$".repeat(100_000).as_bytes());
    ends_soon("vrrp_script a {\n}\n".repeat(20_000).as_bytes());
}
