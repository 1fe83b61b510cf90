//! What a configuration in order says is what the program takes it to say.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use retentiond::config::{CatchUp, Listen, Loaded, Mode};
use retentiond::model::{Language, Pace, SeriesName};
use retentiond::records::mapping::{
    ColumnTest, Condition, Element, ElementTable, Encoding, Join, Literal, Mask, OwnerGone, Pick, SeriesMapping,
    SetValue,
};

use super::{directory, valid};

#[test]
fn a_configuration_says_what_was_left_out_by_defaults() {
    let config = valid("minimal.toml").config;
    assert_eq!((config.language, config.mode), (Language::French, Mode::Report));
    assert_eq!(config.state, Path::new("/var/lib/retentiond"));
    assert!(config.schedule.is_none() && config.notify.is_none());
    assert_eq!(config.limits, Default::default());
    let days = (config.alerts.overdue, config.alerts.unanchored, config.alerts.silence);
    assert_eq!(days, (TimeDelta::days(30), TimeDelta::days(35), TimeDelta::days(90)));
    assert_eq!(config.keep_plans.months, 36);
    let dossier = &config.series[0];
    assert_eq!(dossier.earliest.to_string(), "1990-01-01");
    let closure = &dossier.events[&"closure".into()];
    assert_eq!((closure.pick, closure.deadline, &closure.condition), (Pick::Latest, false, &None));
    assert_eq!(closure.elements, [column("closed_at", Encoding::Rfc3339)]);
}

#[test]
fn relative_paths_are_resolved_against_the_configuration_s_directory() {
    let Loaded { config, .. } = valid("everything.toml");
    let base = directory("valid");
    assert_eq!(config.calendars, [base.join("../calendars/everything.toml")]);
    assert_eq!(config.state, Path::new("/var/lib/retentiond"));
    let dossier = series(&config.series, "dossier");
    let root = |part: usize| dossier.parts[part].files.as_ref().unwrap().root.clone();
    assert_eq!((root(2), root(5)), (base.join("documents"), PathBuf::from("/srv/parle/envelopes")));
    assert_eq!(valid("minimal.toml").config.sources[&"parle".into()].sqlite, base.join("parle.db"));
}

#[test]
fn every_setting_is_lowered() {
    let Loaded { config, calendars, .. } = valid("everything.toml");
    assert_eq!((config.language, config.mode), (Language::English, Mode::Approve));
    let schedule = config.schedule.unwrap();
    assert_eq!((schedule.catch_up, schedule.grace, schedule.suspended), (CatchUp::Never, 12 * 3_600, false));
    assert_eq!((schedule.scan.as_str(), schedule.timezone.name()), ("0 2 * * *", "America/Toronto"));
    assert_eq!((schedule.windows.blackout.len(), schedule.windows.maintenance.len()), (1, 2));
    assert_eq!(schedule.windows.zone, schedule.timezone);
    assert_eq!(schedule.extra[0].rules, ["R-3".into()]);
    let limits = config.limits;
    assert_eq!((limits.max_share, limits.min_count, limits.max_count), (0.25, 5, 5_000));
    assert_eq!((limits.lock.as_millis(), limits.pace), (200, Pace::Full));
    assert_eq!(config.notify.unwrap(), ["/usr/local/bin/alert", "--channel", "archives"]);
    let days = (config.alerts.overdue, config.alerts.unanchored, config.alerts.silence);
    assert_eq!(days, (TimeDelta::days(7), TimeDelta::days(400), TimeDelta::days(14)));
    assert_eq!(config.metrics.listen, Some(Listen::Loopback("127.0.0.1:9467".parse().unwrap())));
    assert_eq!(config.metrics.textfile, Some(directory("valid").join("metrics/retentiond.prom")));
    assert_eq!(config.keep_plans.months, 60);
    let source = &config.sources[&"parle".into()];
    assert_eq!(source.timezone.unwrap().name(), "America/Toronto");
    assert_eq!(source.backups.as_deref(), Some("P35D"));
    let empty: Vec<bool> = calendars[0].series.iter().map(|series| series.may_be_empty).collect();
    assert_eq!(empty, [true, false, false], "`empty = \"expected\"` reaches the series of the law");
}

fn series<'c>(all: &'c [SeriesMapping], name: &str) -> &'c SeriesMapping {
    all.iter().find(|mapping| mapping.series == SeriesName::new(name)).unwrap()
}

fn column(name: &str, encoding: Encoding) -> Element {
    Element { column: name.to_owned(), encoding, unset: Vec::new(), place: ElementTable::Record }
}

fn columns(pairs: &[(&str, &str)]) -> Join {
    Join::Columns(pairs.iter().map(|(this, owner)| ((*this).to_owned(), (*owner).to_owned())).collect())
}

fn test(column: &str, one_of: &[Literal]) -> ColumnTest {
    ColumnTest { column: column.to_owned(), one_of: one_of.to_vec() }
}

fn text(text: &str) -> Literal {
    Literal::Text(text.to_owned())
}

#[test]
fn every_form_of_event_is_lowered() {
    let config = valid("everything.toml").config;
    let dossier = series(&config.series, "dossier");
    let closure = &dossier.events[&"closure".into()];
    assert_eq!(closure.elements, [column("closed_at", Encoding::Local)]);
    assert!(matches!(&closure.condition, Some(Condition::Expression(sql)) if sql.starts_with("EXISTS")));
    let expiry = &dossier.events[&"expiry".into()];
    assert!(expiry.deadline);
    assert_eq!(expiry.elements[0].unset, [Literal::Integer(0), Literal::Integer(-1)]);
    let decisions = &dossier.events[&"decisions".into()];
    assert_eq!(decisions.pick, Pick::All);
    assert_eq!(decisions.elements, [column("decided_on", Encoding::Utc), column("appeal_on", Encoding::Date)]);
    assert_eq!(decisions.condition, Some(Condition::All(vec![test("status", &[text("closed")])])));
    let last_use = &series(&config.series, "account").events[&"last_use".into()];
    let session = ElementTable::Child {
        table: "session".to_owned(),
        on: columns(&[("account_id", "id")]),
        condition: Some(Condition::All(vec![test("kind", &[text("web")])])),
        pick: Pick::Latest,
    };
    assert_eq!(last_use.elements[1].unset, [text("never")]);
    assert_eq!((last_use.elements[2].encoding, &last_use.elements[2].place), (Encoding::UnixMs, &session));
    let visited = &series(&config.series, "visit").events[&"visited".into()];
    assert!(matches!(visited.elements[0].place, ElementTable::Child { pick: Pick::Earliest, .. }));
    assert_eq!((visited.elements[0].encoding, &visited.condition), (Encoding::Utc, &None));
}

#[test]
fn conditions_groups_relations_and_masks_are_lowered() {
    let config = valid("everything.toml").config;
    let dossier = series(&config.series, "dossier");
    assert_eq!(dossier.key, ["year", "seq"]);
    assert_eq!(dossier.reference.as_deref(), Some("file_number"));
    assert_eq!(dossier.subject.as_ref().unwrap().on, columns(&[("account_id", "id")]));
    let filter = vec![
        test("kind", &[text("mediation"), text("complaint")]),
        test("deleted", &[Literal::Integer(0)]),
        test("parent", &[Literal::Null]),
    ];
    assert_eq!(dossier.filter, Some(Condition::All(filter)));
    let public = [text("public"), Literal::Integer(1), Literal::Real("1.5".to_owned()), Literal::Integer(1)];
    assert_eq!(dossier.conditions["public"], Condition::All(vec![test("character", &public)]));
    assert_eq!(dossier.conditions["old"], Condition::Expression("this.year < 2000".to_owned()));
    assert_eq!(dossier.groups["payment"], ["invoice_number", "amount"]);
    assert_eq!(dossier.groups["rest"], ["*"]);
    assert_eq!(dossier.blocked_by[0].on, columns(&[("parent_year", "year"), ("parent_seq", "seq")]));
    let masks: Vec<_> = dossier.anonymize.iter().map(|(column, mask)| (column.as_str(), mask.clone())).collect();
    let expected = [
        ("birth_date", Mask::DateToYear),
        ("city", Mask::Constant(text("—"))),
        ("ip", Mask::TruncateIp),
        ("name", Mask::Null),
    ];
    assert_eq!(masks, expected);
    let account = series(&config.series, "account");
    assert_eq!(account.blocked_by[0].on, Join::Expression("this.account_id = owner.id".to_owned()));
}

#[test]
fn every_form_of_part_is_lowered() {
    let config = valid("everything.toml").config;
    let parts = &series(&config.series, "dossier").parts;
    let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["exchange", "message_read", "document", "alert", "child", "envelope"]);
    let [exchange, read, document, alert, child, envelope] = parts.as_slice() else { panic!() };
    assert_eq!(exchange.table, "message");
    assert_eq!(exchange.condition, Some(Condition::All(vec![test("object_type", &[text("Dossier")])])));
    assert_eq!(exchange.anonymize["body"], Mask::Null);
    assert_eq!(read.of, Some("exchange".into()));
    assert!(matches!(&read.on, Join::Expression(_)));
    let files = document.files.as_ref().unwrap();
    assert_eq!(files.columns, ["directory", "name"]);
    let named = |table: &str, columns: &[&str]| (table.to_owned(), columns.iter().map(|c| (*c).to_owned()).collect());
    assert_eq!(files.shared, [named("template", &["path"]), named("scan", &["directory", "name"])]);
    assert_eq!(document.shared[0].table, "document_use");
    assert_eq!(document.shared[0].condition, Some(Condition::All(vec![test("active", &[Literal::Integer(1)])])));
    assert_eq!(alert.owner_gone, OwnerGone::Detach);
    let set = [
        ("parent_id".to_owned(), SetValue::Literal(Literal::Null)),
        ("root_id".to_owned(), SetValue::Column("id".to_owned())),
        ("rank".to_owned(), SetValue::Literal(Literal::Integer(1))),
        ("label".to_owned(), SetValue::Literal(text("orphan"))),
    ];
    assert_eq!(child.owner_gone, OwnerGone::Set(set.to_vec()));
    assert_eq!((&envelope.owner_gone, &envelope.of), (&OwnerGone::Destroy, &None));
}
