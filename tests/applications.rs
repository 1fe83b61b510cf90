//! Databases of real applications, obeyed: exactly the rows and files that belong to what is due go, and nothing else.
//!
//! Run with `cargo test --features simulate`: the clock stands at noon on 21 November 2026.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value as Json;
use tempfile::TempDir;

/// An application's database and files unpacked beside our configuration.
struct Application {
    directory: TempDir,
    database: &'static str,
}

/// Every row of every table, by table and rowid; without the fence that the program adds.
type Rows = BTreeMap<String, BTreeMap<i64, Vec<Cell>>>;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn unpack(packed: &Path) -> Vec<u8> {
    let mut unpacked = Vec::new();
    lzma_rs::xz_decompress(&mut BufReader::new(File::open(packed).unwrap()), &mut unpacked).unwrap();
    unpacked
}

impl Application {
    fn new(name: &str, database: &'static str) -> Self {
        let application = Self { directory: tempfile::tempdir().unwrap(), database };
        let packed = fixture(name).join(format!("{database}.xz"));
        fs::write(application.path(database), unpack(&packed)).unwrap();
        for file in ["calendar.toml", "retentiond.toml"] {
            fs::copy(fixture(name).join(file), application.path(file)).unwrap();
        }
        application
    }

    fn redmine() -> Self {
        let application = Self::new("redmine", "redmine.sqlite");
        let files = unpack(&fixture("redmine/redmine-files.tar.xz"));
        tar::Archive::new(&files[..]).unpack(application.directory.path()).unwrap();
        application
    }

    fn chinook() -> Self {
        Self::new("chinook", "Chinook_Sqlite.sqlite")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Changes the configuration before anything ran.
    fn reconfigure(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("retentiond.toml")).unwrap();
        assert!(text.contains(old), "{old}");
        fs::write(self.path("retentiond.toml"), text.replace(old, new)).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let config = self.path("retentiond.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_retentiond"));
        command.arg("--config").arg(config).args(["--format", "json"]).args(arguments);
        command.env("RETENTIOND_NOW", "2026-11-21T12:00:00Z").output().unwrap()
    }

    /// Runs a command that must succeed, and reads its answer.
    fn ask(&self, arguments: &[&str]) -> Json {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {told}\n{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{arguments:?} answered {error}: {told}"))
    }

    /// Plans, approves with every rail that tripped, and applies; the plan's and the run's answers.
    fn obey(&self) -> (Json, Json) {
        let plan = self.ask(&["plan"]);
        let id = plan["plan"].as_str().unwrap();
        let rails: Vec<&str> = plan["rails"].as_array().unwrap().iter().filter_map(rail_name).collect();
        let mut approval = vec!["approve", id];
        let accepted = rails.join(",");
        if !rails.is_empty() {
            approval.extend(["--accept", &accepted]);
        }
        self.ask(&approval);
        let run = self.ask(&["apply", id]);
        (plan, run)
    }

    fn connection(&self) -> Connection {
        Connection::open_with_flags(self.path(self.database), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    fn rows(&self) -> Rows {
        let connection = self.connection();
        let tables = texts(
            &connection,
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'retentiond_batch'",
        );
        tables.into_iter().map(|table| (table.clone(), rows_of(&connection, &table))).collect()
    }

    /// Every file beneath `root`, with its bytes.
    fn files(&self, root: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(root);
        let mut files = BTreeMap::new();
        let mut open = vec![root.clone()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                    files.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

fn rail_name(rail: &Json) -> Option<&str> {
    rail.as_str().or_else(|| rail["rail"].as_str())
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn ids(connection: &Connection, sql: &str) -> BTreeSet<i64> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn rows_of(connection: &Connection, table: &str) -> BTreeMap<i64, Vec<Cell>> {
    let mut statement = connection.prepare(&format!("SELECT rowid, * FROM \"{table}\"")).unwrap();
    let columns = statement.column_count();
    let rows =
        statement.query_map([], |row| Ok((row.get(0)?, (1..columns).map(|at| row.get(at)).collect::<Result<_, _>>()?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Rows that were there and are there no more, by table.
fn gone(before: &Rows, after: &Rows) -> BTreeMap<String, BTreeSet<i64>> {
    let gone = before.iter().map(|(table, rows)| {
        let left = &after[table];
        (table.clone(), rows.keys().copied().filter(|id| !left.contains_key(id)).collect())
    });
    gone.filter(|(_, ids): &(_, BTreeSet<i64>)| !ids.is_empty()).collect()
}

/// Rows that are there before and after, but not the same, by table; and rows that came, which nothing may do.
fn changed(before: &Rows, after: &Rows) -> BTreeMap<String, BTreeSet<i64>> {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let changed = after.iter().map(|(table, rows)| {
        let was = &before[table];
        let differs = |(id, row): &(&i64, &Vec<Cell>)| was.get(id) != Some(*row);
        (table.clone(), rows.iter().filter(differs).map(|(id, _)| *id).collect())
    });
    changed.filter(|(_, ids): &(_, BTreeSet<i64>)| !ids.is_empty()).collect()
}

/// What one rule of a plan counts.
fn counts(plan: &Json, rule: &str) -> BTreeMap<&'static str, u64> {
    let rules = plan["rules"].as_array().unwrap();
    let rule = rules.iter().find(|row| row["rule"] == rule).unwrap_or_else(|| panic!("{rule} is not in {rules:?}"));
    ["open", "undated", "not_yet", "held", "blocked", "due", "filtered"]
        .into_iter()
        .map(|verdict| (verdict, rule[verdict].as_u64().unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

mod redmine {
    use super::*;

    fn expected() -> Json {
        serde_json::from_slice(&fs::read(fixture("redmine/expected-rows.json")).unwrap()).unwrap()
    }

    fn numbers(list: &Json) -> BTreeSet<i64> {
        list.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
    }

    /// The rows that the fixture says belong to the due issues. One table has no id: its pairs are looked up.
    fn expected_rows(before: &Rows) -> BTreeMap<String, BTreeSet<i64>> {
        let expected = expected();
        let belongs = expected["belongs"].as_object().unwrap();
        let mut rows: BTreeMap<String, BTreeSet<i64>> =
            belongs.iter().map(|(table, ids)| (table.clone(), numbers(ids))).collect();
        let pairs = expected["belongs_no_id"]["changesets_issues(changeset_id,issue_id)"].as_array().unwrap();
        let pairs: BTreeSet<Vec<i64>> = pairs.iter().map(numbers_in_order).collect();
        let links = before["changesets_issues"].iter().filter(|(_, row)| {
            let pair: Vec<i64> = row.iter().map(integer).collect();
            pairs.contains(&pair)
        });
        rows.insert("changesets_issues".to_owned(), links.map(|(id, _)| *id).collect());
        rows
    }

    fn numbers_in_order(pair: &Json) -> Vec<i64> {
        pair.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
    }

    fn integer(cell: &Cell) -> i64 {
        match cell {
            Cell::Integer(integer) => *integer,
            other => panic!("{other:?} is no integer"),
        }
    }

    #[test]
    fn a_proposal_for_it_asks_what_would_destroy_issues_that_were_reopened() {
        let application = Application::redmine();
        let [database, proposed] =
            ["redmine.sqlite", "proposed"].map(|name| application.path(name).display().to_string());
        application.ask(&["init", "--sqlite", &database, "--dir", &proposed]);
        let text = fs::read_to_string(application.path("proposed/retentiond.toml")).unwrap();
        assert!(text.contains("event.closure = { column = \"closed_on\", as = \"\", where = \"\" }"), "{text}");
        assert!(text.contains("{ status_id = [\"…\"] }"), "{text}");
        let checked = application.run(&["check", "--config", &format!("{proposed}/retentiond.toml")]);
        let faults: Json = serde_json::from_slice(&checked.stdout).unwrap();
        for blank in ["series.issues.event.closure.as", "series.issues.event.closure.where"] {
            let faults = faults["error"]["faults"].as_array().unwrap();
            let is_told = |fault: &Json| fault["message"].as_str().unwrap().contains(blank);
            assert!(faults.iter().any(is_told), "{blank} is not asked for: {faults:?}");
        }
    }

    #[test]
    fn exactly_the_rows_and_files_of_the_issues_due_go() {
        let redmine = Application::redmine();
        let (before, files_before) = (redmine.rows(), redmine.files("redmine-files"));
        redmine.ask(&["check"]);
        let (plan, run) = redmine.obey();

        // 115 issues were never closed, four were reopened.
        assert_eq!(counts(&plan, "RM-1"), BTreeMap::from([("open", 119), ("not_yet", 119), ("due", 162)]));
        assert_eq!(
            (run["destroyed"].as_u64(), run["rows"].as_u64(), run["files"].as_u64()),
            (Some(162), Some(3_209), Some(340))
        );

        let after = redmine.rows();
        assert_eq!(gone(&before, &after), expected_rows(&before));
        let expected = expected();
        let unlinked =
            expected["files_to_unlink"].as_array().unwrap().iter().map(|file| file.as_str().unwrap().to_owned());
        let mut files_expected = files_before;
        for file in unlinked {
            files_expected.remove(&file).unwrap();
        }
        assert!(redmine.files("redmine-files") == files_expected);
        detached(&redmine, &before, &after);
        silent(&redmine);
        redmine.ask(&["audit", "verify"]);
        assert_eq!(counts(&redmine.ask(&["plan"]), "RM-1"), BTreeMap::from([("open", 119), ("not_yet", 119)]));
    }

    /// The three living sub-tasks of issues that went are issues of their own now, and nothing else changed.
    fn detached(redmine: &Application, before: &Rows, after: &Rows) {
        let sub_tasks = BTreeSet::from([246, 252, 253]);
        assert_eq!(changed(before, after), BTreeMap::from([("issues".to_owned(), sub_tasks.clone())]));
        let connection = redmine.connection();
        let tree = "SELECT id FROM issues WHERE parent_id IS NULL AND root_id = id AND lft = 1 AND rgt = 2";
        assert!(ids(&connection, tree).is_superset(&sub_tasks));
        let columns = texts(&connection, "SELECT name FROM pragma_table_info('issues')");
        for id in sub_tasks {
            let (was, is) = (&before["issues"][&id], &after["issues"][&id]);
            let differs: Vec<&str> = columns
                .iter()
                .enumerate()
                .filter(|(at, _)| was[*at] != is[*at])
                .map(|(_, name)| name.as_str())
                .collect();
            assert_eq!(differs, ["parent_id", "root_id", "lft", "rgt"]);
        }
    }

    /// Each of the application's records carries a canary: none may sing in what the program keeps for others to read.
    fn silent(redmine: &Application) {
        for place in ["state/audit", "state/plans"] {
            for (name, bytes) in redmine.files(place) {
                assert!(!bytes.windows(6).any(|window| window == b"CANARY"), "{place}/{name}");
            }
        }
        let leftover: Vec<_> =
            redmine.files("state/private").into_keys().filter(|name| name.ends_with(".body")).collect();
        assert!(leftover.is_empty(), "{leftover:?}");
    }

    #[test]
    fn where_sub_tasks_block_their_parents_those_parents_stay_whole() {
        let redmine = Application::redmine();
        let text = fs::read_to_string(redmine.path("retentiond.toml")).unwrap();
        let sub_task = &text[text.rfind("[[series.issue.part]]").unwrap()..];
        redmine.reconfigure(sub_task, "");
        let blocked_by = "blocked_by    = [{ series = \"issue\", on = { parent_id = \"id\" } }]";
        redmine.reconfigure("key           = \"id\"", &format!("key           = \"id\"\n{blocked_by}"));
        let before = redmine.rows();
        let (plan, run) = redmine.obey();
        let expected = BTreeMap::from([("open", 119), ("not_yet", 119), ("blocked", 3), ("due", 159)]);
        assert_eq!(counts(&plan, "RM-1"), expected);
        assert_eq!(run["destroyed"].as_u64(), Some(159));
        let after = redmine.rows();
        assert_eq!(changed(&before, &after), BTreeMap::new());
        let all_due = expected_rows(&before);
        let gone = gone(&before, &after);
        let kept: BTreeSet<i64> = all_due["issues"].difference(&gone["issues"]).copied().collect();
        assert_eq!(kept, BTreeSet::from([2, 14, 29]));
        for (table, ids) in gone {
            assert!(ids.is_subset(&all_due[&table]), "{table}");
        }
        let journals = "SELECT id FROM journals WHERE journalized_type = 'Issue' AND journalized_id IN (2, 14, 29)";
        let ours = ids(&redmine.connection(), journals);
        assert!(!ours.is_empty() && ours.iter().all(|id| before["journals"].get(id) == after["journals"].get(id)));
    }
}

mod chinook {
    use super::*;

    const DUE_CUSTOMERS: [i64; 11] = [2, 13, 17, 19, 34, 36, 38, 40, 55, 57, 59];

    #[test]
    fn invoices_go_after_three_years_and_customers_are_anonymized_two_years_after_their_last() {
        let shop = Application::chinook();
        let before = shop.rows();
        let customers = DUE_CUSTOMERS.map(|id| id.to_string()).join(", ");
        let (invoices, lines, copies) = {
            let connection = shop.connection();
            let due = "SELECT InvoiceId FROM Invoice WHERE InvoiceDate < '2023-11-21 00:00:00'";
            let of_due = format!("SELECT InvoiceLineId FROM InvoiceLine WHERE InvoiceId IN ({due})");
            let copies =
                format!("SELECT InvoiceId FROM Invoice WHERE CustomerId IN ({customers}) AND InvoiceId NOT IN ({due})");
            (ids(&connection, due), ids(&connection, &of_due), ids(&connection, &copies))
        };
        assert_eq!((invoices.len(), lines.len(), copies.len()), (237, 1_290, 25));
        shop.ask(&["check"]);
        let (plan, run) = shop.obey();
        assert_eq!(counts(&plan, "CH-1"), BTreeMap::from([("not_yet", 175), ("due", 237)]));
        assert_eq!(counts(&plan, "CH-2"), BTreeMap::from([("not_yet", 48), ("due", 11)]));
        assert_eq!((run["destroyed"].as_u64(), run["anonymized"].as_u64()), (Some(237), Some(11)));

        let after = shop.rows();
        let expected = BTreeMap::from([("Invoice".to_owned(), invoices), ("InvoiceLine".to_owned(), lines)]);
        assert_eq!(gone(&before, &after), expected);
        let expected =
            BTreeMap::from([("Customer".to_owned(), BTreeSet::from(DUE_CUSTOMERS)), ("Invoice".to_owned(), copies)]);
        assert_eq!(changed(&before, &after), expected);
        masked(&shop, &before, &after);
        shop.ask(&["audit", "verify"]);
        let again = shop.ask(&["plan"]);
        assert_eq!(counts(&again, "CH-1"), BTreeMap::from([("not_yet", 175)]));
        // The anonymized stay findable, and are not anonymized again.
        assert_eq!(counts(&again, "CH-2"), BTreeMap::from([("not_yet", 48), ("filtered", 11)]));
    }

    /// What identifies is overwritten, in the customer and in the copies on invoices; what does not stays.
    fn masked(shop: &Application, before: &Rows, after: &Rows) {
        let connection = shop.connection();
        let customers = DUE_CUSTOMERS.map(|id| id.to_string()).join(", ");
        let masked = "FirstName = 'anonymized' AND LastName = 'anonymized' AND Email = 'anonymized' AND \
                      coalesce(Company, Address, City, State, PostalCode, Phone, Fax) IS NULL";
        let found = ids(&connection, &format!("SELECT CustomerId FROM Customer WHERE {masked}"));
        assert_eq!(found, BTreeSet::from(DUE_CUSTOMERS));
        let left = format!(
            "SELECT InvoiceId FROM Invoice WHERE CustomerId IN ({customers}) AND \
             coalesce(BillingAddress, BillingCity, BillingState, BillingPostalCode) IS NOT NULL"
        );
        assert_eq!(ids(&connection, &left), BTreeSet::new());
        for id in DUE_CUSTOMERS {
            let (was, is) = (&before["Customer"][&id], &after["Customer"][&id]);
            // CustomerId, Country and SupportRepId say nothing of the person alone.
            assert_eq!([&was[0], &was[7], &was[12]], [&is[0], &is[7], &is[12]]);
        }
    }

    #[test]
    fn nothing_is_planned_where_dates_go_before_their_records() {
        let shop = Application::chinook();
        let of_last_purchase = |plan: &Json| {
            let meanings = plan["meaning"].as_array().unwrap().clone();
            meanings.into_iter().find(|meaning| meaning["trigger"] == "last_purchase").unwrap()
        };
        assert!(of_last_purchase(&shop.ask(&["plan"])).get("goes_with").is_none(), "the last invoice waits");
        shop.reconfigure("blocked_by  = [{ series = \"customer\", on = ", "condition.last = ");
        shop.reconfigure(
            "InvoiceDate = (SELECT max(InvoiceDate) FROM Invoice WHERE Invoice.CustomerId = this.CustomerId)\"\"\" }]",
            "\"\"\"",
        );
        shop.reconfigure("  this.CustomerId = owner.CustomerId AND this.LastName <> 'anonymized'\n  AND owner.", "  1");
        for command in ["check", "plan"] {
            let told = shop.run(&[command]);
            assert_eq!(told.status.code(), Some(78), "{command}");
            let told = String::from_utf8(told.stdout).unwrap();
            assert!(
                told.contains("event-goes-first") && told.contains("series.customer.event.last_purchase"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_term_that_the_schema_cannot_tell_is_refused_by_check() {
        let shop = Application::chinook();
        let employee = r#"
[series.employee]
source        = "shop"
table         = "Employee"
key           = "EmployeeId"
event.leaving = { column = "LeavingDate", as = "utc" }

[series.customer.anonymize]"#;
        shop.reconfigure("\n[series.customer.anonymize]", employee);
        let calendar = fs::read_to_string(shop.path("calendar.toml")).unwrap();
        let employees = r#"
[[series]]
name     = "employee"
triggers = { leaving = { fr = "Départ", en = "Leaving" } }

[[rule]]
number      = "CH-3"
series      = "employee"
trigger     = "leaving"
keep        = "P2Y"
disposition = "destroy"
"#;
        fs::write(shop.path("calendar.toml"), calendar + employees).unwrap();
        let before = shop.rows();
        for command in ["check", "plan"] {
            let output = shop.run(&[command]);
            let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(78), "{command}: {told}");
            assert!(told.contains("LeavingDate"), "{command}: {told}");
        }
        assert!(shop.rows() == before);
    }
}
