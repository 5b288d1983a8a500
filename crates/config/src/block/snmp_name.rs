//! `snmp_name`: a label for SNMP, exactly one word.

use crate::diagnostic::{Diagnostic, code};
use crate::table::Missing;
use crate::tree::NodeId;
use crate::value::{Reader, Set};

pub(crate) fn read(reader: &mut Reader<'_>, node: NodeId, field: &mut Option<Set<String>>) {
    match *reader.arguments(node) {
        [] => reader.lacks_word(node, Missing::Complaint),
        [at] => {
            if let Some(first) = field {
                let message = "`snmp_name` stands here a second time";
                let found = Diagnostic::new(code::DUPLICATE, reader.keyword(node), message);
                reader.report.add(found.related(first.at, "the first, which this one replaces"));
            }
            *field = Some(Set { value: reader.text(at).to_owned(), at });
        }
        [_, second, ..] => {
            let found = Diagnostic::new(
                code::SURPLUS,
                second,
                "One word must follow `snmp_name`; the line is ignored",
            );
            reader.report.add(found.help("put it in quotes"));
        }
    }
}
