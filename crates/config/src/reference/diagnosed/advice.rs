//! What to do about each diagnostic, and a small file that draws it.

/// About one code.
pub(super) struct Advice {
    /// Number of the code.
    pub(super) number: u16,
    /// What it is about and what to do, in a sentence or three.
    pub(super) what: &'static str,
    /// A file that draws it, read on a host where everything it names exists; empty where none can.
    pub(super) sample: &'static str,
}

const fn about(number: u16, what: &'static str, sample: &'static str) -> Advice {
    Advice { number, what, sample }
}

/// In the order of the codes.
pub(super) const ADVICE: &[Advice] = &[
    about(
        1,
        "Look at the path, at the permissions, and that it is a regular file without an execute bit.",
        "",
    ),
    about(2, "Mend the first ones and look again.", ""),
    about(3, "Keepalived 2.2 cuts such a line in two and reads the rest as a line of its own.", ""),
    about(4, "The line is left out. An editor that saved the file as UTF-16 is the usual cause.", ""),
    about(5, "Keepalived takes the mark for a part of the first word and does not know that word.", ""),
    about(6, "Names and passwords may hold any bytes, but what is shown of them is not what they are.", ""),
    about(7, "A definition or an include that repeats itself is the usual cause.", ""),
    about(8, "The files are read one after the other as if they were one.", ""),
    about(
        101,
        "Whether it is an error depends on the spelling (include, includer, includem, includew, includeb, includea) \
         and on include_check.",
        "includem conf.d/lan.conf\n",
    ),
    about(102, "Keepalived reads on until it has no more file descriptors.", "include keepalived.conf\n"),
    about(103, "No honest configuration is nested so deep.", ""),
    about(
        104,
        "Keepalived puts the name in for ever. Give the inner name another name.",
        "$A=$B\n$B=$A\nvrrp_instance $A {\n}\n",
    ),
    about(105, "Definitions that double one another grow like this. Use a sequence or an include.", ""),
    about(
        106,
        "~SEQ(name, end), ~SEQ(name, start, end) or ~SEQ(name, start, step, end); the step leads towards the end.",
        "~SEQ(N, 1, 0, 3) vrrp_instance VI_$N\n",
    ),
    about(107, "Bounds are probably mistaken.", ""),
    about(108, "Put the condition inside the included file.", "@lb1 include lan.conf\n"),
    about(
        109,
        "It stays as it is written. Define it above with $NAME=value.",
        "$LAN=eth0\nvrrp_instance VI_1 {\n    interface ${LAM}\n}\n",
    ),
    about(
        110,
        "Keepalived 2.4 ends the definition there, 2.2 leaves the comment out. Put it above the definition.",
        "$M= \\\nglobal_defs { \\\n    # of this host \\\n    router_id lb1 \\\n}\n$M\n",
    ),
    about(
        201,
        "A misspelling, a keyword of another block, or a brace missing further up. What stands in its block, if it has \
         one, is left out with it; Keepalived reads those lines as lines of the block around.",
        "vrrp_instance VI_1 {\n    interfce eth0\n}\n",
    ),
    about(
        202,
        "The block is read all the same, up to the next }.",
        "vrrp_instance VI_1\n    interface eth0\n}\n",
    ),
    about(
        203,
        "The place is where the innermost open block begins.",
        "vrrp_instance VI_1 {\n    interface eth0\n",
    ),
    about(204, "A } too many, or a { missing above.", "global_defs {\n}\n}\n"),
    about(205, "Only some keywords take a block.", "global_defs {\n    router_id lb1 {\n    }\n}\n"),
    about(
        206,
        "It works, and will go some day. Write what is proposed.",
        "vrrp_track_file load {\n    file /run/load\n}\n",
    ),
    about(
        207,
        "Outside scripts and patterns only double quotes quote, and none may stand within.",
        "global_defs {\n    router_id \"lb1\n}\n",
    ),
    about(208, "No keyword is nested so deep.", ""),
    about(
        301,
        "Where the word is indispensable, reading stops with exit status 2, as Keepalived's does.",
        "vrrp_instance VI_1 {\n    priority\n}\n",
    ),
    about(
        302,
        "The line has no effect, so an earlier value or the default stays.",
        "vrrp_instance VI_1 {\n    virtual_router_id 300\n}\n",
    ),
    about(
        303,
        "In operation the number counts; a test (-t) refuses it.",
        "vrrp_script chk {\n    script /bin/true\n    interval 2s\n}\n",
    ),
    about(
        304,
        "The nearest value that works is taken.",
        "vrrp_script chk {\n    script /bin/true\n    interval 0\n}\n",
    ),
    about(305, "The line, or the word, is left out.", "vrrp_instance VI_1 {\n    state SLAVE\n}\n"),
    about(
        306,
        "Names of hosts do not do: an address must be written as a number.",
        "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        \
         lb.example.com\n    }\n}\n",
    ),
    about(
        307,
        "A name of an interface has at most 15 bytes and neither blank nor slash.",
        "vrrp_instance VI_1 {\n    interface an-interface-of-mine\n}\n",
    ),
    about(
        308,
        "What is too long is cut.",
        "vrrp_instance VI_1 {\n    authentication {\n        auth_type PASS\n        auth_pass muchtoolong\n    }\n}\n",
    ),
    about(309, "Nothing is lost if it goes.", "global_defs {\n    notification_email {\n    }\n}\n"),
    about(310, "What follows is ignored.", ""),
    about(311, "Look whether it is meant.", ""),
    about(
        401,
        "Which of the two counts is said in the message.",
        "vrrp_instance VI_1 {\n}\nvrrp_instance VI_1 {\n}\n",
    ),
    about(
        402,
        "Scripts, files, processes and BFD sessions must be defined above the line that tracks them.",
        "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        \
         192.0.2.10\n    }\n    track_script {\n        chk_haproxy\n    }\n}\n",
    ),
    about(403, "Without a name nothing can refer to it; it is left out.", "vrrp_instance {\n}\n"),
    about(404, "With dynamic_interfaces an interface may come later.", ""),
    about(405, "It is not run. Track it, or let it go.", "vrrp_script chk {\n    script /bin/true\n}\n"),
    about(406, "One of them can go.", ""),
    about(407, "The member's line counts, or the group's; which, is said in the message.", ""),
    about(
        408,
        "A sync group moves as one, so only faults count, unless sync_group_tracking_weight is set.",
        "",
    ),
    about(409, "A group is there to move several instances together.", ""),
    about(501, "Without script_user, scripts run as keepalived_script if there is such a user.", ""),
    about(502, "Look at the path and at the execute bit.", ""),
    about(
        503,
        "Whoever can change the script, or a directory above it, becomes the user that runs it. Let root own all of \
         the path, writable for nobody else.",
        "",
    ),
    about(
        504,
        "Without enable_script_security a script that others can change runs as root.",
        "vrrp_script chk {\n    script /bin/true\n}\n\nvrrp_instance VI_1 {\n    interface eth0\n    \
         virtual_router_id 51\n    virtual_ipaddress {\n        192.0.2.10\n    }\n    track_script {\n        chk\n    \
         }\n}\n",
    ),
    about(505, "It is looked for in PATH. A full path is safer.", ""),
    about(506, "Let root own the file, readable for nobody else.", ""),
    about(507, "Make it with ip netns add, before the daemon starts.", ""),
    about(508, "Write the path with links resolved, or say use_symlink_paths.", ""),
    about(601, "Give it virtual_router_id, 1 to 255.", "vrrp_instance VI_1 {\n    interface eth0\n}\n"),
    about(602, "Give it interface.", "vrrp_instance VI_1 {\n    virtual_router_id 51\n}\n"),
    about(
        603,
        "Version 3 and strict mode demand a virtual address.",
        "vrrp_instance VI_1 {\n    version 3\n    interface eth0\n    virtual_router_id 51\n}\n",
    ),
    about(
        604,
        "On one interface and in one family each number may stand once. Nothing runs until they differ.",
        "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n}\nvrrp_instance VI_2 {\n    interface eth0\n    \
         virtual_router_id 51\n}\n",
    ),
    about(
        605,
        "The first address decides the family; others go into virtual_ipaddress_excluded.",
        "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        192.0.2.10\n        \
         2001:db8::10\n    }\n}\n",
    ),
    about(606, "One of them has no effect; which, is said in the message.", ""),
    about(607, "Strict mode obeys the RFCs to the letter and undoes what contradicts them.", ""),
    about(608, "Give it unicast_peer, or take the words out.", ""),
    about(
        701,
        "It is left out. A sorry server alone is not enough.",
        "virtual_server 192.0.2.10 80 {\n    protocol TCP\n    lvs_sched wrr\n    lvs_method NAT\n}\n",
    ),
    about(
        702,
        "Keepalived assumes the same and says so. Write it down.",
        "virtual_server 192.0.2.10 80 {\n    protocol TCP\n    real_server 192.0.2.21 80 {\n        TCP_CHECK {\n        }\n    }\n}\n",
    ),
    about(
        703,
        "A quorum is at most the sum of the weights, and its hysteresis less than the quorum.",
        "virtual_server 192.0.2.10 80 {\n    protocol TCP\n    lvs_sched wrr\n    lvs_method NAT\n    quorum 5\n    \
         real_server 192.0.2.21 80 {\n        TCP_CHECK {\n        }\n    }\n}\n",
    ),
    about(
        704,
        "Direct routing and tunnels cannot change the port, so the real server has the virtual server's.",
        "",
    ),
    about(
        705,
        "A service on every port must send a client to the same server each time: give it persistence_timeout.",
        "",
    ),
    about(
        706,
        "The check is left out, and the server counts as good.",
        "virtual_server 192.0.2.10 80 {\n    protocol TCP\n    lvs_sched wrr\n    lvs_method NAT\n    \
         real_server 192.0.2.21 80 {\n        HTTP_GET {\n        }\n    }\n}\n",
    ),
    about(707, "Give the check connect_port.", ""),
    about(708, "The kernel knows one of them only. Let one of them go.", ""),
    about(
        709,
        "The check goes on without the pattern. Verbs, callouts and \\C of PCRE2 are not known here.",
        "virtual_server 192.0.2.10 80 {\n    real_server 192.0.2.21 80 {\n        HTTP_GET {\n            url {\n                \
         path /\n                regex \"(ready\"\n            }\n        }\n    }\n}\n",
    ),
    about(801, "Give it neighbor_ip.", "bfd_instance router_1 {\n    min_rx 100\n}\n"),
    about(
        802,
        "Between two addresses there is one session. The second is left out.",
        "bfd_instance A {\n    neighbor_ip 192.0.2.254\n}\nbfd_instance B {\n    neighbor_ip 192.0.2.254\n}\n",
    ),
    about(901, "It is read and checked, so the file stays as it is; see COMPATIBILITY.md.", ""),
];
