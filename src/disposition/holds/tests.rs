use super::*;
use crate::disposition::Installation;
use crate::disposition::sample::{Sample, hold, now};
use crate::records::mapping::{ColumnTest, Condition, Literal, OwnerGone, PartMapping, sample};

fn mapping(series: &str, subject: Option<&str>) -> SeriesMapping {
    SeriesMapping {
        reference: Some("number".to_owned()),
        subject: subject.map(|people| sample::relation(people, "a", "id")),
        ..sample::series("parle", series)
    }
}

fn facts(key: i64, reference: &str, subject: Option<i64>) -> Facts {
    Facts {
        key: RecordKey::new(vec![KeyValue::Integer(key)]),
        reference: Some(KeyValue::Text(reference.to_owned())),
        subject: subject.map(|key| RecordKey::new(vec![KeyValue::Integer(key)])),
        in_scope: true,
        masked: false,
        events: Vec::new(),
        conditions: Vec::new(),
        blockers: Vec::new(),
    }
}

fn index(scopes: Vec<HoldScope>) -> HoldIndex {
    let mut index = HoldIndex::default();
    for (number, scope) in scopes.into_iter().enumerate() {
        index.insert(&hold(&format!("H-{number}"), scope));
    }
    index
}

fn text(key: &str) -> Vec<String> {
    vec![key.to_owned()]
}

#[test]
fn a_hold_on_a_record_keeps_that_record_only() {
    let index = index(vec![HoldScope::Record { series: "dossier".into(), key: text("7") }]);
    let dossier = mapping("dossier", None);
    assert!(index.holds(&dossier, &facts(7, "D-7", None), None));
    assert!(!index.holds(&dossier, &facts(8, "D-8", None), None));
    assert!(!index.holds(&mapping("account", None), &facts(7, "D-7", None), None));
}

#[test]
fn a_hold_on_a_person_keeps_their_record_and_all_that_is_about_them() {
    let index = index(vec![HoldScope::Subject { series: "account".into(), key: text("3") }]);
    let dossier = mapping("dossier", Some("account"));
    assert!(index.holds(&dossier, &facts(7, "D-7", Some(3)), None));
    assert!(index.holds(&mapping("account", None), &facts(3, "A-3", None), None));
    assert!(!index.holds(&dossier, &facts(3, "D-3", Some(4)), None));
}

#[test]
fn a_hold_on_a_reference_keeps_whatever_bears_it() {
    let index =
        index(vec![HoldScope::Reference { series: "dossier".into(), reference: "D-7".to_owned(), keys: Vec::new() }]);
    assert!(index.holds(&mapping("dossier", None), &facts(1, "D-7", None), None));
    assert!(!index.holds(&mapping("dossier", None), &facts(7, "D-8", None), None));
}

#[test]
fn a_hold_on_a_rule_keeps_all_that_it_governs_whichever_rule_decides() {
    let index = index(vec![HoldScope::Rule { rule: "PC-1".into() }]);
    let dossier = mapping("dossier", None);
    assert!(index.holds(&dossier, &facts(1, "D", None), Some(&"PC-1".into())));
    assert!(index.holds(&dossier, &facts(1, "D", None), [&"PC-2".into(), &"PC-1".into()]));
    assert!(!index.holds(&dossier, &facts(1, "D", None), Some(&"PC-2".into())));
}

#[test]
fn every_hold_that_keeps_a_record_is_named_once_and_lifting_one_leaves_the_others() {
    let mut index = index(vec![
        HoldScope::Series { series: "dossier".into() },
        HoldScope::Record { series: "dossier".into(), key: text("7") },
        HoldScope::Record { series: "dossier".into(), key: text("7") },
        HoldScope::Record { series: "dossier".into(), key: text("8") },
    ]);
    let dossier = mapping("dossier", None);
    let ids = |index: &HoldIndex| {
        index.of(&dossier, &facts(7, "D-7", None), None).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(ids(&index), ["H-0", "H-1", "H-2"]);
    index.remove(&"H-1".into());
    assert_eq!(ids(&index), ["H-0", "H-2"]);
    index.remove(&"H-0".into());
    index.remove(&"H-2".into());
    assert!(!index.holds(&dossier, &facts(7, "D-7", None), None));
    assert!(index.holds(&dossier, &facts(8, "D-8", None), None));
}

#[test]
fn every_kind_of_hold_can_be_lifted_and_told_in_json() {
    let series = || SeriesName::from("dossier");
    let scopes = [
        HoldScope::Record { series: series(), key: text("7") },
        HoldScope::Reference { series: series(), reference: "D-7".to_owned(), keys: Vec::new() },
        HoldScope::Subject { series: "account".into(), key: text("3") },
        HoldScope::Series { series: series() },
        HoldScope::Rule { rule: "PC-1".into() },
        HoldScope::Where { series: series(), expression: "this.city = 'Laval'".to_owned(), keys: Vec::new() },
    ];
    let (dossier, facts) = (mapping("dossier", Some("account")), facts(7, "D-7", Some(3)));
    for scope in scopes {
        let text = serde_json::to_string(&scope).unwrap();
        assert_eq!(serde_json::from_str::<HoldScope>(&text).unwrap(), scope);
        let is_expression = matches!(scope, HoldScope::Where { .. });
        let mut index = index(vec![scope]);
        assert_eq!(index.holds(&dossier, &facts, Some(&"PC-1".into())), !is_expression);
        assert_eq!(index.expressions(&series()).len(), usize::from(is_expression));
        index.remove(&"H-0".into());
        assert!(index.is_empty() && index.expressions(&series()).is_empty());
        assert!(!index.holds(&dossier, &facts, Some(&"PC-1".into())));
    }
}

#[test]
fn a_number_is_held_however_it_was_written() {
    let mut reference = facts(1, "", None);
    reference.reference = Some(KeyValue::Integer(7));
    let dossier = mapping("dossier", None);
    let mut index = index(vec![
        HoldScope::Reference { series: "dossier".into(), reference: "007".to_owned(), keys: Vec::new() },
        HoldScope::Record { series: "dossier".into(), key: text("+05") },
    ]);
    assert!(index.holds(&dossier, &reference, None) && index.holds(&dossier, &facts(5, "D-5", None), None));
    assert!(!index.holds(&dossier, &facts(50, "D-50", None), None));
    index.remove(&HoldId::new("H-1".to_owned()));
    assert!(!index.holds(&dossier, &facts(5, "D-5", None), None), "and lifted so");
}

#[test]
fn a_hold_keeps_whatever_some_column_would_call_equal() {
    let index = index(vec![
        HoldScope::Reference { series: "dossier".into(), reference: "d-7 ".to_owned(), keys: Vec::new() },
        HoldScope::Record { series: "letter".into(), key: text("Ab") },
    ]);
    assert!(index.holds(&mapping("dossier", None), &facts(7, "D-7", None), None));
    let mut letter = facts(1, "L-1", None);
    for (key, held) in [("aB", true), ("AB  ", true), ("ABC", false), (" AB", false)] {
        letter.key = RecordKey::new(vec![KeyValue::Text(key.to_owned())]);
        assert_eq!(index.holds(&mapping("letter", None), &letter, None), held, "{key}");
    }
}

fn filter(tests: &[(&str, &[&str])]) -> Condition {
    let value = |value: &&str| Literal::Text((*value).to_owned());
    let test = |(column, values): &(&str, &[&str])| ColumnTest {
        column: (*column).to_owned(),
        one_of: values.iter().map(value).collect(),
    };
    Condition::All(tests.iter().map(test).collect())
}

fn dossiers(install: &mut Installation) -> &mut SeriesMapping {
    install.series.iter_mut().find(|known| known.series == "dossier".into()).unwrap()
}

/// Whether holds on a record, a reference, a person, a series and a rule, placed by the one mapping of the dossiers,
/// keep by the other what they were placed for: as an older hold, and where one asks a process that goes by the other.
fn stays([before, after]: [fn(&mut SeriesMapping); 2]) -> [bool; 5] {
    let mut sample = Sample::new();
    sample.change(|install| {
        let dossiers = dossiers(install);
        dossiers.reference = Some("number".to_owned());
        dossiers.subject = Some(sample::relation("account", "account_id", "id"));
        before(dossiers);
    });
    let series = || SeriesName::from("dossier");
    let scopes = [
        HoldScope::Record { series: series(), key: text("7") },
        HoldScope::Reference { series: series(), reference: "D-7".to_owned(), keys: Vec::new() },
        HoldScope::Subject { series: "account".into(), key: text("7") },
        HoldScope::Series { series: series() },
        HoldScope::Rule { rule: "PC-1".into() },
    ];
    let then = scopes.each_ref().map(|scope| Meaning::of(&sample.install, scope, now()));
    sample.change(|install| after(dossiers(install)));
    std::array::from_fn(|place| {
        let (scope, then) = (&scopes[place], &then[place]);
        let is_kept = meaning::look(&sample.install, &"H-1".into(), scope, Some(then), now()).is_ok();
        assert_eq!(then.unmatched(&Meaning::of(&sample.install, scope, now())).is_none(), is_kept, "{scope:?}");
        is_kept
    })
}

#[test]
fn what_is_the_same_to_the_database_ends_no_hold() {
    let is_kept = stays([
        |_| (),
        |dossier| {
            dossier.table = "Dossier".to_owned();
            dossier.key = text("ID");
            dossier.reference = Some("Number".to_owned());
            dossier.subject = Some(sample::relation("account", "Account_id", "ID"));
        },
    ]);
    assert_eq!(is_kept, [true; 5]);
    let is_kept = stays([
        |dossier| dossier.filter = Some(filter(&[("city", &["Laval", "Alma"]), ("number", &["D-7"])])),
        |dossier| dossier.filter = Some(filter(&[("Number", &["D-7"]), ("city", &["Alma", "Laval"])])),
    ]);
    assert_eq!(is_kept, [true; 5]);
}

#[test]
fn what_is_not_the_same_ends_the_holds_that_go_by_it() {
    let city = |dossier: &mut SeriesMapping| dossier.filter = Some(filter(&[("city", &["Laval"])]));
    assert_eq!(stays([city, |dossier| dossier.filter = None]), [true, true, true, false, false]);
    let is_kept = stays([city, |dossier| dossier.filter = Some(filter(&[("city", &["LAVAL"])]))]);
    assert_eq!(is_kept, [true, true, true, false, false], "values have a case");
    let is_kept = stays([city, |dossier| dossier.filter = Some(filter(&[("city", &["Laval"]), ("number", &["D-7"])]))]);
    assert_eq!(is_kept, [true, true, true, false, false]);
    assert_eq!(stays([|_| (), |dossier| dossier.key = text("number")]), [false, false, true, true, true]);
    assert_eq!(stays([|_| (), |dossier| dossier.reference = Some("city".to_owned())]), [true, false, true, true, true]);
    let to_id = |dossier: &mut SeriesMapping| dossier.subject = Some(sample::relation("account", "id", "id"));
    assert_eq!(stays([|_| (), to_id]), [true, true, false, true, true]);
}

fn parts(dossier: &mut SeriesMapping) {
    let files = PartMapping { of: Some("message".into()), ..sample::part("file", "message_id", "id") };
    dossier.parts = vec![sample::part("message", "dossier_id", "id"), files];
}

#[test]
fn a_hold_keeps_the_parts_that_its_record_had_and_ends_where_one_is_no_more() {
    type Edit = fn(&mut SeriesMapping);
    let ended: [Edit; 5] = [
        |dossier| dossier.parts.clear(),
        |dossier| drop(dossier.parts.pop()),
        |dossier| dossier.parts[0].on = sample::on("city", "id"),
        |dossier| dossier.parts[1].condition = Some(filter(&[("kind", &["letter"])])),
        |dossier| dossier.parts[0].owner_gone = OwnerGone::Detach,
    ];
    for (place, edit) in ended.into_iter().enumerate() {
        assert_eq!(stays([parts, edit]), [false; 5], "{place}");
    }
    let same: [Edit; 3] = [
        |dossier| dossier.parts.push(sample::part("note", "dossier_id", "id")),
        |dossier| dossier.parts.reverse(),
        |dossier| {
            let [message, file] = dossier.parts.as_mut_slice() else { unreachable!() };
            (message.name, file.of) = ("letter".into(), Some("letter".into()));
            message.table = "Message".to_owned();
            message.on = sample::on("Dossier_ID", "ID");
        },
    ];
    for (place, edit) in same.into_iter().enumerate() {
        assert_eq!(stays([parts, edit]), [true; 5], "{place}");
    }
}

#[test]
fn a_hold_that_notes_no_parts_does_not_end_by_them() {
    let mut sample = Sample::new();
    sample.change(|install| parts(dossiers(install)));
    let scope = HoldScope::Series { series: "dossier".into() };
    let noted = serde_json::to_value(Meaning::of(&sample.install, &scope, now())).unwrap();
    let mut older = noted.clone();
    older["dossier"].as_object_mut().unwrap().remove("parts").unwrap();
    sample.change(|install| dossiers(install).parts.clear());
    let look = |noted| {
        let then: Meaning = serde_json::from_value(noted).unwrap();
        meaning::look(&sample.install, &"H-1".into(), &scope, Some(&then), now())
    };
    assert!(look(older).is_ok());
    let void = look(noted).unwrap_err().to_string();
    assert!(
        void.contains("the part message of rows of dossier stands no more") && void.contains("hold lift H-1"),
        "{void}"
    );
}

#[test]
fn a_hold_keeps_what_parts_have_as_records_of_a_series_of_their_own_and_ends_where_one_of_these_is_no_more() {
    let with_mail = |edit: fn(&mut Vec<SeriesMapping>)| {
        let mut sample = Sample::new();
        sample.change(|install| {
            parts(dossiers(install));
            let of_dossiers = dossiers(install).clone();
            let letters = vec![sample::part("letter", "file_id", "id")];
            let files = SeriesMapping {
                series: "mail".into(),
                table: "File".to_owned(),
                parts: letters,
                ..of_dossiers.clone()
            };
            let beside = SeriesMapping {
                series: "beside".into(),
                parts: vec![sample::part("stamp", "dossier_id", "id")],
                ..of_dossiers
            };
            let mut more = vec![files, beside];
            edit(&mut more);
            install.series.extend(more);
        });
        sample
    };
    let scope = HoldScope::Record { series: "dossier".into(), key: text("7") };
    let then = Meaning::of(&with_mail(|_| ()).install, &scope, now());
    let look = |edit| meaning::look(&with_mail(edit).install, &"H-1".into(), &scope, Some(&then), now());
    type Edit = fn(&mut Vec<SeriesMapping>);
    let ended: [(Edit, &str); 5] = [
        (|more| more[0].parts.clear(), "letter of rows of file"),
        (|more| more[0].parts[0].on = sample::on("other_id", "id"), "letter of rows of file"),
        (|more| more[0].parts[0].condition = Some(filter(&[("kind", &["letter"])])), "letter of rows of file"),
        (|more| drop(more.remove(0)), "letter of rows of file"),
        (|more| drop(more.pop()), "stamp of rows of dossier"),
    ];
    for (edit, told) in ended {
        let void = look(edit).unwrap_err().to_string();
        assert!(void.contains(&format!("the part {told} stands no more")), "{void}");
    }
    let same: [Edit; 4] = [
        |_| (),
        |more| more[0].series = "letters".into(),
        |more| more[0].filter = Some(filter(&[("kind", &["letter"])])),
        |more| more[1].parts.push(sample::part("note", "dossier_id", "id")),
    ];
    for edit in same {
        assert_eq!(look(edit), Ok(()));
    }
}

#[test]
fn a_hold_by_an_expression_alone_ends_where_another_trigger_is_named_that_may_change_what_it_reads() {
    let with = |names: &[&str]| {
        let mut sample = Sample::new();
        sample.change(|install| {
            let of_account = install.series.iter_mut().find(|mapping| mapping.series == "account".into()).unwrap();
            of_account.database_triggers = names.iter().map(|name| (*name).to_owned()).collect();
        });
        sample
    };
    let scope = |keys: Vec<Vec<String>>| HoldScope::Where {
        series: "dossier".into(),
        expression: "this.kind = 'a'".to_owned(),
        keys,
    };
    let look = |scope: HoldScope, before: &[&str], after: &[&str]| {
        let then = Meaning::of(&with(before).install, &scope, now());
        meaning::look(&with(after).install, &"H-1".into(), &scope, Some(&then), now())
    };
    let void = look(scope(Vec::new()), &["audit"], &["audit", "close"]).unwrap_err().to_string();
    assert!(void.contains("the trigger close is named now"), "{void}");
    assert_eq!(look(scope(Vec::new()), &["audit", "close"], &["AUDIT"]), Ok(()));
    // The records that it noted stay, whatever becomes of them.
    assert_eq!(look(scope(vec![vec!["7".to_owned()]]), &[], &["close"]), Ok(()));
    assert_eq!(look(HoldScope::Series { series: "dossier".into() }, &[], &["close"]), Ok(()));
}
