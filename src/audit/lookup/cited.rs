//! The records that share a reference, told apart by the names that the log has for them.

use serde::Serialize;

use super::{Answer, Mention};
use crate::model::Fingerprint;

/// One of several records that share a reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cited {
    pub answer: Answer,
    /// Places among the mentions.
    pub mentions: Vec<usize>,
}

/// The places of the mentions of each record, where there are several; none otherwise.
///
/// A record has another name each year. Names of one year are of different records, and so may those of different years
/// be; but one that was put off under each of its names but the last is one that waited for a year.
pub(super) fn apart(mentions: &[Mention]) -> Vec<Vec<usize>> {
    let mut names: Vec<(i32, Fingerprint)> = Vec::new();
    let mut places: Vec<Vec<usize>> = Vec::new();
    for (place, mention) in mentions.iter().enumerate() {
        match names.iter().position(|name| *name == mention.name) {
            Some(known) => places[known].push(place),
            None => {
                names.push(mention.name);
                places.push(vec![place]);
            }
        }
    }
    if names.len() > 1 && !waited(&names, &places, mentions) { places } else { Vec::new() }
}

/// Whether these names can be one record's that was put off from year to year.
fn waited(names: &[(i32, Fingerprint)], places: &[Vec<usize>], mentions: &[Mention]) -> bool {
    let years_rise = names.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let Some((_, before)) = places.split_last() else { return false };
    years_rise && before.iter().flatten().all(|place| mentions[*place].is_in_vain())
}

/// The mention that gives the answer of a record.
pub(super) fn deciding<'m>(mentions: impl DoubleEndedIterator<Item = &'m Mention> + Clone) -> Option<&'m Mention> {
    let last_of_its_presence = mentions.clone().rev().find(|mention| mention.tells_whether_it_is_there());
    last_of_its_presence.filter(|mention| mention.is_gone()).or_else(|| mentions.last())
}
