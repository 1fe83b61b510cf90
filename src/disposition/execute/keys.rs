//! The keys of the records that the log announces: it names them by fingerprint only.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::error::ExecuteError;
use crate::audit::leaf::Intent;
use crate::audit::{committed_fingerprinters, keys_in};
use crate::disposition::Installation;
use crate::disposition::desk::Desk;
use crate::disposition::plan::PlanDirs;
use crate::model::{Fingerprint, RecordKey};
use crate::records::mapping::Source;
use crate::records::sqlite::Reader;

/// The keys of a batch, in order: the plan's list has them. Where the list is gone or lacks one, the rows of the series
/// are named anew; `None` for a record whose name no row bears.
pub(super) fn keys_of(desk: &mut Desk, intents: &[(u64, Intent)]) -> Result<Vec<Option<RecordKey>>, ExecuteError> {
    let wanted: Vec<Fingerprint> = intents.iter().filter_map(|(_, intent)| intent.fingerprints()).flatten().collect();
    let mut keys: HashMap<Fingerprint, RecordKey> = HashMap::new();
    let names: HashSet<Fingerprint> = wanted.iter().copied().collect();
    if let Ok(plan) = PlanDirs::of(&desk.install().state).open(&intents[0].1.plan) {
        // A list that cannot be read to its end names fewer; the rows then name the rest.
        let _ = plan.body().visit(&mut |item| {
            if names.contains(&item.fingerprint) {
                keys.insert(item.fingerprint, item.key);
            }
        });
    }
    if keys.len() < names.len() {
        keys = name_rows(desk, &intents[0].1, &names)?;
    }
    Ok(wanted.iter().map(|name| keys.get(name).cloned()).collect())
}

/// The rows of the series that bear one of these names.
fn name_rows(
    desk: &mut Desk,
    intent: &Intent,
    names: &HashSet<Fingerprint>,
) -> Result<HashMap<Fingerprint, RecordKey>, ExecuteError> {
    let (batch, install) = (intent.batch, desk.install().clone());
    let source = source_of(&install, intent)?;
    let nameless = || ExecuteError::Nameless { batch, source_name: intent.source.clone() };
    let named = committed_fingerprinters(desk.log(), &keys_in(&install.state), &intent.source)?;
    let namer = named.get(&intent.year).ok_or_else(nameless)?;
    let mut keys = HashMap::new();
    let unresolved = |source| ExecuteError::Unresolved { batch, source_name: intent.source.clone(), source };
    Reader::open(source, &install.series)
        .and_then(|mut reader| {
            reader.scan(&intent.series, &mut |facts| {
                let bears = facts.key.spellings().into_iter().map(|key| namer.record(&intent.series, &key));
                keys.extend(bears.filter(|name| names.contains(name)).map(|name| (name, facts.key.clone())));
                ControlFlow::Continue(())
            })
        })
        .map_err(unresolved)?;
    Ok(keys)
}

/// The source of a batch, as it is configured now.
pub(super) fn source_of<'i>(install: &'i Installation, intent: &Intent) -> Result<&'i Source, ExecuteError> {
    let gone = || ExecuteError::NoSource { batch: intent.batch, source_name: intent.source.clone() };
    install.sources.get(&intent.source).ok_or_else(gone)
}
