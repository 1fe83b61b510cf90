//! What an approval binds a series to, made again from a calendar's entry: the digest of the rules that govern the
//! series.
//!
//! On purpose it shares no line with the room that approves.

use crate::audit::leaf::RuleTerm;
use crate::model::{Digest, DigestBuilder, RuleNumber, SeriesName};

/// The digest of all rules on a series, in the order of their numbers, with the zone in which they count.
pub(super) fn digest_of(zone: &str, series: &SeriesName, rules: &[(&RuleNumber, &RuleTerm)]) -> Digest {
    let mut digest = DigestBuilder::new("rule-set-v1");
    digest.field(zone.as_bytes()).field(series.as_str().as_bytes()).number(rules.len() as i64);
    for (number, rule) in rules {
        // In this version of the format every rule is on the whole record, without condition.
        let (element, name, unless) = ("record", "", "");
        let year_end = rule.year_end.as_deref().unwrap_or_default();
        for text in [number.as_str(), element, name, unless, &rule.disposition, year_end] {
            digest.field(text.as_bytes());
        }
        let mut ways: Vec<(&str, &str)> =
            rule.ways.iter().map(|way| (way.trigger.as_str(), way.keep.as_str())).collect();
        ways.sort_unstable();
        digest.number(ways.len() as i64);
        for (trigger, keep) in ways {
            digest.field(trigger.as_bytes()).field(keep.as_bytes());
        }
    }
    digest.finish()
}
