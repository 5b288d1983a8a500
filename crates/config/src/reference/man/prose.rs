//! What the manual page says around the keywords.

/// Before them: name, description, the language.
pub(super) const BEFORE: &str = r#".SH NAME
keepalived.conf \- configuration of keepalived
.SH DESCRIPTION
The daemon reads its configuration from one file, by default /etc/keepalived/keepalived.conf, and from the files that
it includes.
.PP
A line holds a keyword and the words behind it, separated by blanks.
A block is a keyword, perhaps with a name, and lines between { and }.
In some blocks the lines are data, one entry each: addresses, routes, names.
Indentation and empty lines mean nothing. Keywords are written exactly as here.
.PP
.EX
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 150
    virtual_ipaddress {
        192.0.2.10/24
    }
}
.EE
.PP
.B standfast check
.I FILE
tells what is wrong with a file and where,
.B standfast explain
.I KEYWORD
what a keyword means.
.SH "THE LANGUAGE"
.TP
.B # ! (comments)
A comment begins with # or ! outside double quotes and ends with the line. \e# and \e! are the bare signs.
.TP
.B \(dqtwo words\(dq
Double quotes make one word of several, or of none. There is no way to write a double quote within. In scripts and
patterns single quotes quote as well, and a backslash takes its meaning from the sign behind it.
.TP
.B on, off
A switch is on, true, yes or off, false, no. The keyword alone means on.
.TP
.BI $NAME= value
A definition. $NAME or ${NAME} further down is replaced by the value before the line is understood. A value that ends
with a backslash goes on in the next line, so that a definition may hold half a block.
Predefined are _PWD (directory of the file), _INSTANCE (the configuration id), _RANDOM, _ENV, _HASH and _BANG.
.TP
.BI @ID " line" ", @^ID" " line"
The line counts only where the configuration id (\-i, else the host's name up to the first dot) is ID, or is not.
.TP
.BI ~SEQ( "NAME, START, STEP, END" ") text"
The text once for each number, with $NAME set to it. Start and step may be left out.
.TP
.BI ~LST( "NAME, A, B, C" ") text"
The text once for each word.
.TP
.BI include " PATTERN"
The files that match are read here, in the order of their names; relative patterns begin at the directory of this
file. Patterns know *, ?, [...] and {a,b}. With includer, includem, includew, includeb and includea ever more problems
are errors.
"#;

/// Behind them.
pub(super) const AFTER: &str = r#".SH FILES
.TP
.I /etc/keepalived/keepalived.conf
The configuration.
.SH "SEE ALSO"
.BR keepalived (8),
.BR standfast (1)
"#;
