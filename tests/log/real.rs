//! Logs of the real writer before the auditor; and their journals cut and flipped.

use std::fs;
use std::path::{Path, PathBuf};

use retentiond::audit::checkpoint::SignedCheckpoint;
use retentiond::audit::leaf::*;
use retentiond::audit::verify::{Report, Trust, Verdict, verify};
use retentiond::audit::{DestructionLog, DurableIntents, IntentDraft, IntentRecord};
use retentiond::model::{Fingerprint, Instant, KeyValue, Origin, RecordKey};

use super::forge;

pub struct Real {
    pub home: tempfile::TempDir,
    pub log: DestructionLog,
    now: Instant,
}

impl Real {
    /// A log that is ready for intents.
    pub fn ready() -> Self {
        let home = tempfile::tempdir().unwrap();
        let now = Instant::from_timestamp(forge::NOW, 0).unwrap();
        let (dir, keys) = (home.path().join("audit"), home.path().join("keys"));
        let log = DestructionLog::create(&dir, &keys, Origin::new(forge::ORIGIN), now).unwrap();
        let mut real = Self { home, log, now };
        let calendar = forge::calendar("P1Y");
        let Body::Calendar(leaf) = &calendar else { unreachable!() };
        real.log.put_blob(forge::text(leaf).as_bytes()).unwrap();
        real.add(calendar);
        real.add(forge::mapping());
        real.add(forge::approval(forge::PLAN));
        real
    }

    pub fn dir(&self) -> PathBuf {
        self.home.path().join("audit")
    }

    pub fn add(&mut self, body: Body) -> u64 {
        self.now += chrono::TimeDelta::seconds(1);
        self.log.append(body, self.now).unwrap()
    }

    pub fn fingerprint(&mut self, record: i64) -> Fingerprint {
        let names = self.log.fingerprinter(&"parle".into(), 2026, self.now).unwrap();
        names.record(&"dossier".into(), &RecordKey::new(vec![KeyValue::Integer(record)]))
    }

    /// One batch of these records, destroyed, durable.
    pub fn destroy(&mut self, records: std::ops::Range<i64>) {
        let announced = self.announce(records);
        self.settle(&announced);
    }

    /// The intents of one batch, durable.
    pub fn announce(&mut self, records: std::ops::Range<i64>) -> DurableIntents {
        let records = records.map(|record| IntentRecord {
            fingerprint: self.fingerprint(record),
            reference: None,
            day: forge::date("2024-03-15"),
        });
        let draft = IntentDraft { records: records.collect(), ..draft() };
        let pending = self.log.append_intents(draft, self.now).unwrap();
        self.log.make_durable(pending).unwrap()
    }

    /// The outcomes of an announced batch, durable.
    pub fn settle(&mut self, announced: &DurableIntents) {
        for (index, intent) in announced.leaves() {
            let results = format!("{}D", intent.n);
            self.log.append(Body::Outcome(forge::outcome(intent.batch, *index, &results)), self.now).unwrap();
        }
        self.log.sync().unwrap();
    }

    pub fn checkpoint(&self) -> SignedCheckpoint {
        SignedCheckpoint::parse(&fs::read(self.dir().join("checkpoint")).unwrap()).unwrap()
    }

    pub fn trust(&self) -> Trust {
        let vkey = fs::read_to_string(self.dir().join("vkey")).unwrap();
        forge::trust(vkey.parse().unwrap(), vec![self.checkpoint()])
    }
}

fn draft() -> IntentDraft {
    IntentDraft {
        run: forge::RUN.into(),
        plan: forge::PLAN.into(),
        source: "parle".into(),
        series: "dossier".into(),
        rule: "PC-1".into(),
        calendar: "OPC-PC".into(),
        version: 2,
        action: Action::Destroy,
        year: 2026,
        with_references: false,
        records: Vec::new(),
    }
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.flaw.code()).collect()
}

#[test]
fn what_the_writer_wrote_verifies_published_and_not() {
    let mut real = Real::ready();
    real.destroy(0..2_500);
    let unpublished = verify(&real.dir(), &Trust::default());
    assert_eq!((unpublished.verdict, codes(&unpublished)), (Verdict::OkUnanchored, vec![]));
    assert_eq!((unpublished.size, unpublished.unsigned, unpublished.tally.destroyed()), (1, Some(10), 2_500));
    assert_eq!(unpublished.tally.told_unsigned, 2_500, "nobody signed that these records are gone");
    real.log.publish().unwrap();
    let trust = real.trust();
    real.destroy(2_500..2_510);
    let published = verify(&real.dir(), &trust);
    assert_eq!((published.verdict, codes(&published)), (Verdict::OkAnchoredTo(11), vec![]));
    assert_eq!((published.size, published.unsigned, published.tally.destroyed()), (11, Some(2), 2_510));
    assert_eq!(published.tally.told_unsigned, 10);
    real.log.publish().unwrap();
    assert_eq!(verify(&real.dir(), &real.trust()).tally.told_unsigned, 0);
}

#[test]
fn a_long_log_with_many_checkpoints_verifies_against_each_of_them() {
    let mut real = Real::ready();
    let mut trust = real.trust();
    for round in 0..40 {
        for batch in 0..(7 + round % 5) {
            let record = 20 * round + batch;
            real.destroy(record..record + 1);
        }
        real.log.publish().unwrap();
        trust.older.push(real.checkpoint());
    }
    let report = verify(&real.dir(), &trust);
    assert_eq!((report.verdict, codes(&report)), (Verdict::OkAnchoredTo(real.log.size()), vec![]));
}

#[test]
fn a_rotated_key_signs_from_the_next_checkpoint_on() {
    let mut real = Real::ready();
    real.log.publish().unwrap();
    let before = real.checkpoint();
    let now = real.now;
    real.log.rotate_signing_key("marie (1000)".into(), now).unwrap();
    real.destroy(0..3);
    real.log.publish().unwrap();
    let mut trust = real.trust();
    trust.older.push(before);
    let report = verify(&real.dir(), &trust);
    assert_eq!((report.verdict, codes(&report)), (Verdict::OkAnchoredTo(real.log.size()), vec![]));
}

fn segment(dir: &Path) -> PathBuf {
    let mut segments = fs::read_dir(dir.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let segment = segments.next().unwrap();
    assert_eq!(segments.next(), None);
    segment
}

#[test]
fn a_journal_flipped_or_cut_at_any_byte_fails_and_what_is_signed_stays_counted() {
    let mut real = Real::ready();
    real.destroy(0..2);
    real.log.publish().unwrap();
    real.destroy(2..4);
    real.destroy(4..6);
    let (dir, trust) = (real.dir(), real.trust());
    let segment = segment(&dir);
    let whole = fs::read(&segment).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let truth = verify(&dir, &trust);
    assert_eq!((truth.verdict, truth.unsigned), (Verdict::OkAnchoredTo(7), Some(4)));

    // Shorter, so that the test does not read four megabytes for every byte; the header tells the length and is made to
    // fit.
    let length = end + 40;
    let mut short = whole[..length].to_vec();
    short[16..24].copy_from_slice(&(length as u64).to_be_bytes());
    let checksum = crc32c::crc32c(&short[..24]);
    short[24..28].copy_from_slice(&checksum.to_be_bytes());
    fs::write(&segment, &short).unwrap();
    assert_eq!(verify(&dir, &trust).verdict, Verdict::OkAnchoredTo(7));

    for place in 0..length {
        let mut flipped = short.clone();
        flipped[place] ^= 1 << (place % 8);
        for (what, bytes) in [("flipped", &flipped[..]), ("cut", &short[..place])] {
            fs::write(&segment, bytes).unwrap();
            let report = verify(&dir, &trust);
            assert_eq!(report.verdict, Verdict::Fail, "{what} at {place}");
            assert_eq!(report.size, 7, "{what} at {place}");
        }
    }
    fs::remove_file(&segment).unwrap();
    assert_eq!(codes(&verify(&dir, &trust)), ["damaged"]);
}
