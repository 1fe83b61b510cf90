//! What the log answers: one record looked up, entries chosen and exported, a successor begun.

use std::fs;
use std::ops::ControlFlow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use retentiond::audit::adopt::{Adoption, adopt};
use retentiond::audit::earlier::EarlierState;
use retentiond::audit::export::{Format, export};
use retentiond::audit::leaf::*;
use retentiond::audit::lookup::{Answer, Wanted, WantedBy, lookup};
use retentiond::audit::select::Selection;
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::audit::{DestructionLog, LogError, LogReader, load_committed_fingerprinter};
use retentiond::model::{BatchNumber, Instant, KeyValue, Language, RecordKey};
use retentiond::report::Report as _;
use retentiond::report::lookup::LookupReport;

use crate::forge::{self, fingerprint};
use crate::real::Real;

fn wanted(record: u64) -> Wanted {
    let fingerprint = retentiond::model::Fingerprint::from_bytes(fingerprint(record));
    Wanted {
        source: "parle".into(),
        series: "dossier".into(),
        by: WantedBy::Key,
        columns: vec!["id".to_owned()],
        fingerprints: [(2026, vec![fingerprint.into()])].into(),
    }
}

/// The forged log, read as the program reads its own: with a journal beside what is published.
fn answer(forge: &forge::Forge, wanted: &Wanted) -> Answer {
    let dir = forge.written();
    with_journal(dir.path());
    lookup(&LogReader::open(dir.path()).unwrap(), wanted).unwrap().answer
}

/// An empty journal of a minimal length.
fn with_journal(dir: &std::path::Path) {
    fs::create_dir(dir.join("journal")).unwrap();
    let mut header = [b"rtdlogj1".as_slice(), &0_u64.to_be_bytes(), &28_u64.to_be_bytes()].concat();
    header.extend(crc32c::crc32c(&header).to_be_bytes());
    fs::write(dir.join("journal/00000000000000000000.seg"), header).unwrap();
}

fn correction(batch: u64, what: &str) -> Body {
    let batch = Some(BatchNumber(batch));
    Body::Correction(Correction { batch, records: 1, ..Correction::new("parle".into(), what) })
}

/// No file of these records of a batch is tried any more.
fn ended(batch: Option<u64>, what: &str, ended: &str) -> Body {
    let (batch, ended) = (batch.map(BatchNumber), Some(ended.to_owned()));
    Body::Correction(Correction { batch, ended, records: 1, ..Correction::new("parle".into(), what) })
}

#[test]
fn each_record_of_which_files_were_left_has_the_end_that_the_log_tells_of_it() {
    let mut log = forge::Forge::ready();
    let batch = log.batch(&[forge::intent(0..2), forge::intent(2..4)], &["2i", "2i"]);
    log.add(ended(Some(batch), "completed", "2o1e"));
    log.add(ended(Some(batch), "released", "1o1e"));
    let answers = [0, 1, 2, 3].map(|record| answer(&log, &wanted(record)));
    assert_eq!(answers, [Answer::Pending, Answer::Incomplete, Answer::Destroyed, Answer::Pending]);
}

#[test]
fn what_a_later_log_says_of_files_that_an_earlier_one_left_is_told_with_its_name() {
    let mut before = forge::Forge::ready();
    let batch = before.batch(&[forge::intent(0..3)], &["3i"]);
    let (reason, actor) = (forge::digest(), "marie (1000)".into());
    let predecessor =
        Predecessor { origin: before.origin.clone(), size: 0, root: forge::digest(), partial: false, reason, actor };
    let mut later = forge::Forge::continuing("log.example/2", predecessor);
    let ends = |what, origin: &str, marks: &str| {
        let Body::Correction(correction) = ended(None, what, marks) else { unreachable!() };
        let earlier = Some(EarlierBatch { origin: origin.into(), batch: BatchNumber(batch) });
        Body::Correction(Correction { earlier, ..correction })
    };
    later.add(ends("completed", forge::ORIGIN, "1e"));
    later.add(ends("released", forge::ORIGIN, "2o1e"));
    later.add(ends("completed", "log.example/0", "1o1e"));
    let find = |log: &forge::Forge, record| {
        let dir = log.written();
        with_journal(dir.path());
        lookup(&LogReader::open(dir.path()).unwrap(), &wanted(record)).unwrap()
    };
    let found = [0, 1, 2].map(|record| find(&later, record).or(find(&before, record)));
    let answers = found.clone().map(|found| found.answer);
    assert_eq!(answers, [Answer::Destroyed, Answer::Pending, Answer::Incomplete]);
    assert_eq!(found[2].mentions[0].corrected_log, Some("log.example/2".into()));
    let [told, ..] = found.map(|found| {
        LookupReport { series: None, of: "0".into(), cited: false, found }.text(Language::English.words())
    });
    assert!(told.contains("entry 1 (log.example/2): the files that were left are gone since"), "{told}");
}

#[test]
fn each_fate_of_a_record_has_its_answer() {
    let mut log = forge::Forge::ready();
    assert_eq!(answer(&log, &wanted(0)), Answer::NotFound);
    let first = log.batch(&[forge::intent(0..6)], &["1D1i1h1A1g1f"]);
    let kept = [Answer::Aborted, Answer::Anonymized, Answer::Gone, Answer::Failed, Answer::NotFound];
    let fates = [Answer::Destroyed, Answer::Pending].into_iter().chain(kept);
    for (record, fate) in fates.enumerate() {
        assert_eq!(answer(&log, &wanted(record as u64)), fate, "record {record}");
    }
    let mut released = log.clone();
    released.add(ended(Some(first), "released", "1o1e"));
    let released = [0, 1, 2].map(|record| answer(&released, &wanted(record)));
    assert_eq!(released, [Answer::Destroyed, Answer::Incomplete, Answer::Aborted]);
    log.add(ended(Some(first), "completed", "1o1e"));
    assert_eq!(answer(&log, &wanted(1)), Answer::Destroyed);
    log.add(correction(first, "resurrected"));
    assert_eq!(answer(&log, &wanted(0)), Answer::Resurrected);
    log.batch(&[forge::intent(0..1)], &[]);
    assert_eq!(answer(&log, &wanted(0)), Answer::Pending);
    log.batch(&[forge::intent(0..1)], &["1D"]);
    assert_eq!(answer(&log, &wanted(0)), Answer::Destroyed);
    let (source, actor) = ("parle".into(), "marie (1000)".into());
    log.add(Body::FpkeyDestroyed(FpkeyDestroyed { source, year: 2026, actor }));
    let no_name = Wanted { fingerprints: Default::default(), ..wanted(0) };
    assert_eq!(answer(&log, &no_name), Answer::KeyDestroyed);
}

#[test]
fn a_destroyed_key_may_have_named_the_destruction_of_a_record_that_was_found_changed_or_kept_before() {
    let forgotten = |year| {
        let (source, actor) = ("parle".into(), "marie (1000)".into());
        Body::FpkeyDestroyed(FpkeyDestroyed { source, year, actor })
    };
    let mut log = forge::Forge::ready();
    for (record, letter) in (0..6).zip(["1c", "1r", "1f", "1g", "1h", "1D"]) {
        log.batch(&[forge::intent(record..record + 1)], &[letter]);
    }
    let answers = |log: &forge::Forge| [0, 1, 2, 3, 4, 5].map(|record| answer(log, &wanted(record)));
    let [kept, gone] = [Answer::Aborted, Answer::Destroyed];
    assert_eq!(answers(&log), [kept, kept, Answer::Failed, Answer::Gone, kept, gone]);
    let unreadable = Answer::KeyDestroyed;
    let mut before = log.clone();
    before.add(forgotten(2025));
    assert_eq!(
        answers(&before),
        [unreadable, unreadable, unreadable, unreadable, kept, gone],
        "held, it was there in 2026"
    );
    log.add(forgotten(2027));
    assert_eq!(answers(&log), [unreadable, unreadable, unreadable, unreadable, unreadable, gone]);
}

/// What is asked for by its reference, which has this fingerprint each year.
fn cited_as(cited: retentiond::model::Fingerprint) -> Wanted {
    let fingerprints = [(2025, vec![cited.into()]), (2026, vec![cited.into()])].into();
    Wanted { by: WantedBy::Reference, columns: vec!["number".to_owned()], fingerprints, ..wanted(0) }
}

/// Put off in one year and destroyed in the next, it is one record, whose last year decides.
#[test]
fn a_record_that_waited_for_a_year_is_one_and_what_happened_to_it_last_is_the_answer() {
    let reference = forge::fingerprint(100);
    let named = |record: u64, year| {
        let rfp = Some(URL_SAFE_NO_PAD.encode(reference));
        Intent { year, rfp, ..forge::intent(record..record + 1) }
    };
    let asked = cited_as(retentiond::model::Fingerprint::from_bytes(reference));
    let found = |log: &forge::Forge| {
        let dir = log.written();
        with_journal(dir.path());
        lookup(&LogReader::open(dir.path()).unwrap(), &asked).unwrap()
    };
    for (last, answer) in [("1D", Answer::Destroyed), ("1h", Answer::Aborted), ("1i", Answer::Pending)] {
        let mut log = forge::Forge::ready();
        log.batch(&[named(0, 2025)], &["1r"]);
        log.batch(&[named(0, 2025)], &["1h"]);
        log.batch(&[named(1, 2026)], &[last]);
        let found = found(&log);
        assert_eq!((found.answer, found.records.len(), found.mentions.len()), (answer, 0, 3), "{last}");
    }
    // Two names of one year are two records; so are those of which the first was not put off.
    for (first, second) in [((2025, "1r"), (2025, "1D")), ((2025, "1i"), (2026, "1h")), ((2026, "1r"), (2025, "1D"))] {
        let mut log = forge::Forge::ready();
        log.batch(&[named(0, first.0)], &[first.1]);
        log.batch(&[named(1, second.0)], &[second.1]);
        assert_eq!((found(&log).answer, found(&log).records.len()), (Answer::Several, 2), "{first:?} {second:?}");
    }
}

/// What was cited under one reference is destroyed under one year's key; under another's it is kept.
#[test]
fn no_name_of_another_year_hides_that_something_cited_so_was_destroyed() {
    let reference = forge::fingerprint(100);
    let named = |record: u64, year| {
        let rfp = Some(URL_SAFE_NO_PAD.encode(reference));
        Intent { year, rfp, ..forge::intent(record..record + 1) }
    };
    let cited = retentiond::model::Fingerprint::from_bytes(reference);
    let asked = cited_as(cited);
    let mut log = forge::Forge::ready();
    log.batch(&[named(0, 2025)], &["1D"]);
    assert_eq!(answer(&log, &asked), Answer::Destroyed);
    log.batch(&[named(1, 2026)], &["1h"]);
    assert_eq!(answer(&log, &asked), Answer::Several);
    let dir = log.written();
    with_journal(dir.path());
    let found = lookup(&LogReader::open(dir.path()).unwrap(), &asked).unwrap();
    let told: Vec<Answer> = found.records.iter().map(|cited| cited.answer).collect();
    assert_eq!(told, [Answer::Destroyed, Answer::Aborted]);
    let page = LookupReport { series: None, of: "F-1".into(), cited: false, found }.text(Language::English.words());
    assert!(page.contains("2 names") && page.contains("may be of one"), "{page}");
    // Asked for by its key a record is one, whatever it is named.
    let names = [0, 1].map(|record| retentiond::model::Fingerprint::from_bytes(fingerprint(record)));
    let by_key = Wanted {
        by: WantedBy::Key,
        fingerprints: [(2025, vec![names[0].into()]), (2026, vec![names[1].into()])].into(),
        ..wanted(0)
    };
    assert_eq!(answer(&log, &by_key), Answer::Aborted);
}

/// What `audit lookup` prints for a record of this log, in English.
fn page(log: &forge::Forge, record: u64) -> String {
    let dir = log.written();
    with_journal(dir.path());
    let found = lookup(&LogReader::open(dir.path()).unwrap(), &wanted(record)).unwrap();
    LookupReport { series: Some("dossier".into()), of: record.to_string(), cited: false, found }
        .text(Language::English.words())
}

#[test]
fn a_restored_database_casts_doubt_on_what_its_other_batches_destroyed() {
    for what in ["resurrected", "missing_fence", "fence_table_dropped"] {
        let mut log = forge::Forge::ready();
        log.batch(&[forge::intent(0..1)], &["1D"]);
        let last = log.batch(&[forge::intent(1..2)], &["1D"]);
        let entry = log.add(correction(last, what));
        let page = page(&log, 0);
        assert!(page.starts_with("dossier 0: DESTROYED\n"), "{what}: {page}");
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("whether it is back the log does not say") && !flat.contains("read back"), "{page}");
        let told = format!("entry {entry}: its database, or rows that had gone from it, were put back since");
        assert!(flat.contains(&told), "{what}: {page}");
    }
}

#[test]
fn a_fence_row_edited_by_hand_says_nothing_of_other_batches() {
    let mut log = forge::Forge::ready();
    log.batch(&[forge::intent(0..1)], &["1D"]);
    let last = log.batch(&[forge::intent(1..2)], &["1D"]);
    log.add(correction(last, "altered_fence"));
    assert!(page(&log, 0).contains("its absence was read back then, at 2026-01-05T"), "{}", page(&log, 0));
}

#[test]
fn a_record_that_was_looked_for_when_its_fence_was_missing_is_said_to_have_been_gone_still() {
    for what in ["missing_fence", "fence_table_dropped"] {
        let mut log = forge::Forge::ready();
        let batch = log.batch(&[forge::intent(0..1)], &["1D"]);
        let entry = log.add(correction(batch, what));
        let page = page(&log, 0);
        assert!(page.starts_with("dossier 0: DESTROYED\n"), "{page}");
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("it was looked for then and was not back"), "{page}");
        assert!(flat.contains(&format!("entry {entry}:")) && flat.contains("was not there"), "{page}");
    }
}

#[test]
fn a_record_that_could_not_be_looked_for_is_not_said_to_have_been_gone_still() {
    let mut log = forge::Forge::ready();
    let batch = log.batch(&[forge::intent(0..1)], &["1D"]);
    let mut told = correction(batch, "missing_fence");
    if let Body::Correction(correction) = &mut told {
        (correction.records, correction.unnamed) = (0, 1);
    }
    log.add(told);
    let flat = page(&log, 0).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("whether it is back the log does not say") && !flat.contains("was not there"), "{flat}");
}

#[test]
fn of_a_batch_that_is_back_in_part_each_record_has_its_own_answer() {
    let mut log = forge::Forge::ready();
    let batch = log.batch(&[forge::intent(0..3), forge::intent(3..6)], &["3D", "3D"]);
    let mut told = correction(batch, "resurrected");
    if let Body::Correction(correction) = &mut told {
        (correction.back, correction.records) = (Some("2g2b2g".into()), 2);
    }
    let mut untold = log.clone();
    let entry = log.add(told);
    for (record, is_back) in [(0, false), (1, false), (2, true), (3, true), (4, false), (5, false)] {
        let page = page(&log, record);
        let head = if is_back {
            "RESURRECTED\nIt was destroyed, and a row bore its key again"
        } else {
            "DESTROYED\nIt was destroyed; its database"
        };
        assert!(page.starts_with(&format!("dossier {record}: {head}")), "{page}");
        let line = if is_back { "2 records of its batch stood in the table again" } else { "was not there" };
        assert!(page.replace("\n      ", " ").contains(line) && page.contains(&format!("entry {entry}:")), "{page}");
    }
    // A log of an older version does not say which.
    if let Body::Correction(leaf) = correction(batch, "resurrected") {
        untold.add(Body::Correction(Correction { records: 2, ..leaf }));
    }
    assert!(page(&untold, 0).starts_with("dossier 0: RESURRECTED\n"), "{}", page(&untold, 0));
    assert!(page(&untold, 0).contains("does not say which"), "{}", page(&untold, 0));
}

#[test]
fn a_record_is_found_in_the_real_log_published_or_not() {
    let mut real = Real::ready();
    let name = real.fingerprint(7);
    let wanted = Wanted { fingerprints: [(2026, vec![name.into()])].into(), ..wanted(0) };
    let ask = |real: &Real| lookup(&LogReader::open(&real.dir()).unwrap(), &wanted).unwrap();
    real.destroy(0..5);
    assert_eq!(ask(&real).answer, Answer::NotFound);
    real.destroy(5..10);
    let found = ask(&real);
    assert_eq!((found.answer, found.mentions.len(), found.mentions[0].place), (Answer::Destroyed, 1, 2));
    real.log.publish().unwrap();
    assert_eq!((ask(&real).answer, ask(&real).mentions), (found.answer, found.mentions));
}

#[test]
fn under_an_exchanged_key_a_record_is_not_said_to_be_unknown() {
    let mut real = Real::ready();
    let name = real.fingerprint(7);
    let keys = real.home.path().join("keys");
    let log = LogReader::open(&real.dir()).unwrap();
    let mut commitment = None;
    log.scan_kind("fpkey", &mut |_, leaf| {
        let Body::Fpkey(key) = leaf.body else { unreachable!() };
        commitment = Some(key.commitment);
        ControlFlow::Continue(())
    })
    .unwrap();
    let named = || {
        let found = load_committed_fingerprinter(&keys, &"parle".into(), 2026, &commitment.unwrap());
        found.map(|key| key.map(|key| key.record(&"dossier".into(), &RecordKey::new(vec![KeyValue::Integer(7)]))))
    };
    assert_eq!(named().unwrap(), Some(name));
    let file = keys.join("fp-parle-2026.key");
    fs::write(&file, format!("{}\n", "ab".repeat(32))).unwrap();
    let exchanged = named().unwrap_err().to_string();
    assert!(exchanged.contains("is not the one that the log committed to"), "{exchanged}");
    fs::remove_file(&file).unwrap();
    assert_eq!(named().unwrap(), None);
}

#[test]
fn a_checkpoint_in_mid_batch_covers_whole_batches_and_verifies() {
    let mut real = Real::ready();
    real.destroy(0..2);
    let before = real.log.size();
    let batch = real.announce(2..4);
    // Durable and not published: what `audit checkpoint` prints covers none of it.
    assert_eq!(read_published(&real), real.log.published_size());
    assert!(read_published(&real) <= before);
    real.log.publish().unwrap();
    assert_eq!(read_published(&real), real.log.size());
    let report = verify(&real.dir(), &Trust::default());
    assert_eq!((report.verdict, report.tally.pending_intents), (Verdict::OkUnanchored, 1), "{:?}", report.findings);
    let kept = real.checkpoint();
    real.settle(&batch);
    real.log.publish().unwrap();
    let size = kept.claimed().tree.size;
    let report = verify(&real.dir(), &Trust { older: vec![kept], ..Trust::default() });
    assert_eq!(
        (report.verdict, report.tally.pending_intents),
        (Verdict::OkAnchoredTo(size), 0),
        "{:?}",
        report.findings
    );
}

fn read_published(real: &Real) -> u64 {
    real.checkpoint().claimed().tree.size
}

fn shown(real: &Real, selection: &Selection) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    let log = LogReader::open(&real.dir()).unwrap();
    selection
        .scan(&log, &mut |_, leaf| {
            kinds.push(leaf.body.kind());
            ControlFlow::Continue(())
        })
        .unwrap();
    kinds
}

#[test]
fn entries_are_chosen_by_rule_run_kind_and_time() {
    let mut real = Real::ready();
    real.destroy(0..1);
    assert_eq!(shown(&real, &Selection::default()).len() as u64, real.log.size());
    let of_rule = Selection { rule: Some("PC-1".into()), ..Selection::default() };
    assert_eq!(shown(&real, &of_rule), ["calendar", "intent", "outcome"]);
    let of_other = Selection { rule: Some("PC-9".into()), ..Selection::default() };
    assert_eq!(shown(&real, &of_other), [""; 0]);
    let of_run = Selection { run: Some(forge::RUN.into()), kinds: vec!["outcome".into()], ..Selection::default() };
    assert_eq!(shown(&real, &of_run), ["outcome"]);
    let at = |second| Some(Instant::from_timestamp(forge::NOW + second, 0).unwrap());
    let first = Selection { from: at(0), until: at(1), ..Selection::default() };
    assert_eq!(shown(&real, &first), ["genesis"]);
}

#[test]
fn an_export_has_every_entry_once_and_no_cell_that_a_spreadsheet_would_execute() {
    let mut real = Real::ready();
    let Body::Approval(approval) = forge::approval("=HYPERLINK(1)") else { unreachable!() };
    real.add(Body::Approval(approval));
    real.destroy(0..3);
    let log = LogReader::open(&real.dir()).unwrap();
    for format in [Format::Csv, Format::JsonLines] {
        let mut out = Vec::new();
        let count = export(&log, &Selection::default(), format, &mut out).unwrap();
        assert_eq!(count, real.log.size());
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count() as u64, count + u64::from(format == Format::Csv));
        if format == Format::Csv {
            assert!(text.contains(",'=HYPERLINK(1),"), "{text}");
            let mut rows = csv::Reader::from_reader(text.as_bytes());
            assert_eq!(rows.headers().unwrap().len(), 18);
            assert!(rows.records().all(|row| row.is_ok()));
        } else {
            for (index, line) in text.lines().enumerate() {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(value["index"], index);
            }
        }
    }
}

#[test]
fn a_successor_tells_how_far_its_predecessor_could_be_read_and_verifies() {
    let mut real = Real::ready();
    real.destroy(0..3);
    real.log.publish().unwrap();
    let (old, dir, keys) = (real.checkpoint(), real.dir(), real.home.path().join("keys"));
    let name = real.fingerprint(1);
    let now = Instant::from_timestamp(forge::NOW + 100, 0).unwrap();
    let adoption =
        |origin: &str| Adoption { origin: origin.into(), reason: forge::digest(), actor: "marie (1000)".into() };
    assert!(matches!(adopt(&dir, &keys, adoption("log.example/2"), now), Err(LogError::Locked { .. })));
    let Real { home, log, .. } = real;
    drop(log);
    // Damaged: an entry is unreadable, so the program refuses to go on with it.
    let bundle = dir.join("tile/entries/000.p").join(old.claimed().tree.size.to_string());
    let mut bytes = fs::read(&bundle).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&bundle, bytes).unwrap();
    assert!(DestructionLog::open(&dir, &keys, now).is_err_and(|error| error.is_verification_failure()));
    assert!(matches!(adopt(&dir, &keys, adoption(forge::ORIGIN), now), Err(LogError::Exists { .. })));

    let mut adopted = adopt(&dir, &keys, adoption("log.example/2"), now).unwrap();
    assert_eq!(adopted.predecessor.origin.as_str(), forge::ORIGIN);
    // All but the entry that is not the one that was signed.
    assert_eq!((adopted.predecessor.size, adopted.predecessor.partial), (old.claimed().tree.size - 1, true));
    assert!(adopted.kept.unwrap().join("checkpoint").is_file());
    // The keys of fingerprints go on, so that what the predecessor named can still be looked up.
    assert_eq!(
        adopted.log.fingerprinter(&"parle".into(), 2026, now).unwrap().record(
            &"dossier".into(),
            &retentiond::model::RecordKey::new(vec![retentiond::model::KeyValue::Integer(1)])
        ),
        name
    );
    adopted.log.publish().unwrap();
    let report = verify(&dir, &Trust::default());
    assert_eq!((report.verdict, report.findings.len()), (Verdict::OkUnanchored, 0), "{:?}", report.findings);
    let earlier: Vec<_> = report.earlier.iter().map(|log| (log.state, log.directory.clone())).collect();
    assert_eq!(earlier, [(EarlierState::Partial, Some(home.path().canonicalize().unwrap().join("audit.1")))]);
}

#[test]
fn nothing_is_answered_from_a_log_whose_entries_or_whose_signer_are_others() {
    let mut truth = forge::Forge::ready();
    truth.batch(&[forge::intent(0..1)], &["1D"]);
    let dir = truth.written();
    let ask = || lookup(&LogReader::open(dir.path()).unwrap(), &wanted(0));
    assert_eq!(ask().unwrap().answer, Answer::Destroyed);
    let mut lie = truth.clone();
    lie.replace(6, |leaf| {
        let Body::Outcome(outcome) = &mut leaf.body else { unreachable!() };
        outcome.results = "1h".into();
    });
    lie.write(dir.path());
    let signed_by = |forge: &forge::Forge| {
        fs::write(dir.path().join("checkpoint"), forge.checkpoint(forge.size()).to_string()).unwrap();
    };
    signed_by(&truth);
    assert!(ask().is_err_and(|error| error.is_verification_failure()));
    let mut out = Vec::new();
    let log = LogReader::open(dir.path()).unwrap();
    assert!(export(&log, &Selection::default(), Format::JsonLines, &mut out).is_err());
    signed_by(&forge::Forge { seed: 2, ..lie.clone() });
    assert!(ask().is_err_and(|error| error.is_verification_failure()));
    // Who holds the key can sign a lie: only a checkpoint kept elsewhere tells.
    signed_by(&lie);
    assert_eq!(ask().unwrap().answer, Answer::Aborted);
}

#[test]
fn an_answer_that_nobody_signed_yet_says_so() {
    let mut real = Real::ready();
    let name = real.fingerprint(3);
    let wanted = Wanted { fingerprints: [(2026, vec![name.into()])].into(), ..wanted(0) };
    real.log.publish().unwrap();
    let signed = real.log.size();
    real.destroy(3..4);
    let page = |real: &Real| {
        let found = lookup(&LogReader::open(&real.dir()).unwrap(), &wanted).unwrap();
        LookupReport { series: None, of: "3".into(), cited: false, found }.text(Language::English.words())
    };
    let told = page(&real).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("the entries from {signed} on stand in the log's journal alone")), "{told}");
    real.log.publish().unwrap();
    assert!(!page(&real).contains("journal"), "{}", page(&real));
}
