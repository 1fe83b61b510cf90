//! What is said of the logs before a log.

use super::Words;
use super::table::{count, paragraph};
use crate::audit::earlier::{EarlierLog, EarlierState};

/// A line or two on each.
pub fn lines(earlier: &[EarlierLog], words: &Words) -> String {
    let mut text = String::new();
    for log in earlier {
        let template = match log.state {
            EarlierState::Whole | EarlierState::Partial => words.audit.earlier_whole,
            EarlierState::Missing => words.audit.earlier_missing,
            EarlierState::Other => words.audit.earlier_other,
            EarlierState::Unread => words.audit.earlier_unread,
        };
        text += &paragraph("", "  ", &filled(log, template, words));
        if log.state == EarlierState::Partial {
            text += &paragraph("  ", "  ", words.audit.earlier_partial);
        }
    }
    text
}

/// What is said of one that is not wholly here; `None` of one that is.
pub(super) fn not_seen(log: &EarlierLog, words: &Words) -> Option<String> {
    match log.state {
        EarlierState::Whole => None,
        EarlierState::Partial => {
            Some(format!("{} {}", filled(log, words.audit.earlier_whole, words), words.audit.earlier_partial))
        }
        EarlierState::Missing => Some(filled(log, words.audit.earlier_missing, words)),
        EarlierState::Other => Some(filled(log, words.audit.earlier_other, words)),
        EarlierState::Unread => Some(filled(log, words.audit.earlier_unread, words)),
    }
}

/// A template on an earlier log with its name, its entries and the directory that was looked at.
pub(super) fn filled(log: &EarlierLog, template: &str, words: &Words) -> String {
    let directory = log.directory.as_ref().map(|dir| dir.display().to_string()).unwrap_or_default();
    words.fill(template, &[log.log.as_str(), &count(log.entries, words), &directory])
}
