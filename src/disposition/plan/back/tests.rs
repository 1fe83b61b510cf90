use std::collections::BTreeSet;

use super::*;
use crate::audit::{DestructionLog, IntentDraft, IntentRecord, dir_in, keys_in, sample};
use crate::disposition::door::open_or_connect;
use crate::disposition::plan::PlanDirs;
use crate::disposition::sample::{Sample, all_due, now, watch};
use crate::model::DurableEvidence;

/// A sample whose log says that every dossier of its plan went, five in a batch, and whose list says that they are
/// back; the plan.
fn gone() -> (Sample, Plan) {
    let sample = Sample::new();
    let door = open_or_connect(sample.install.clone(), None, watch()).unwrap();
    let file = door.plan(&all_due()).unwrap().file;
    let dirs = PlanDirs::of(&sample.state());
    let list = rusqlite::Connection::open(dirs.body_path(&file.plan)).unwrap();
    list.execute("UPDATE item SET back = 1", []).unwrap();
    drop(list);
    let plan = dirs.open(&file.plan).unwrap();
    let mut records = Vec::new();
    plan.body()
        .visit(&mut |item| {
            if file.manifest.series[item.series].series.as_str() == "dossier" {
                records.push(IntentRecord { fingerprint: item.fingerprint, reference: None, day: item.trigger_day });
            }
        })
        .unwrap();
    assert_eq!(records.len(), 10);
    let mut log = DestructionLog::open(&dir_in(&sample.state()), keys_in(&sample.state()), now()).unwrap();
    for records in records.chunks(5) {
        let draft = IntentDraft {
            plan: file.plan.clone(),
            year: file.manifest.fingerprint_year,
            ..sample::draft(records.to_vec())
        };
        let pending = log.append_intents(draft, now()).unwrap();
        let batch = log.make_durable(pending).unwrap().batch();
        log.append(sample::outcome(batch, batch.0, 5), now()).unwrap();
    }
    log.sync().unwrap();
    (sample, plan)
}

#[test]
fn what_is_back_is_shown_as_much_at_a_time_as_one_reading_looks_for() {
    let (sample, plan) = gone();
    let log = LogReader::open(&dir_in(&sample.state())).unwrap();
    let shown = |at_once| {
        let mut shown = Vec::new();
        let mut visit = |back: BTreeMap<BatchNumber, Vec<Fingerprint>>| -> Result<(), PlanError> {
            shown.push(back);
            Ok(())
        };
        back_in_pages(&sample.install, &log, &plan, at_once, &mut visit).unwrap();
        shown
    };
    let named = |shown: &[BTreeMap<BatchNumber, Vec<Fingerprint>>]| -> BTreeSet<(BatchNumber, [u8; 32])> {
        let each =
            shown.iter().flatten().flat_map(|(batch, names)| names.iter().map(|name| (*batch, *name.as_bytes())));
        each.collect()
    };
    let whole = shown(AT_ONCE);
    let batches: Vec<usize> = whole.iter().flatten().map(|(_, names)| names.len()).collect();
    assert_eq!((whole.len(), batches), (1, vec![5, 5]));
    // Each record has two names: its key, and the text that it would be.
    let pages = shown(6);
    let records: Vec<usize> = pages.iter().map(|page| page.values().map(Vec::len).sum()).collect();
    assert_eq!(records[..4], [3, 3, 3, 1], "{records:?}");
    assert_eq!(named(&pages), named(&whole));
}
