//! Rows that go without the files that they name.

use super::*;

const PAPERS: &str =
    "CREATE TABLE paper (id INTEGER PRIMARY KEY, dossier_id INT, account_id INT, parent INT, kind TEXT, path TEXT);
    CREATE INDEX paper_dossier ON paper (dossier_id); CREATE INDEX paper_account ON paper (account_id);
    CREATE INDEX paper_path ON paper (path);";

fn with_files(of: PartMapping) -> PartMapping {
    let files = FilesMapping {
        columns: vec!["path".to_owned()],
        root: PathBuf::from("/"),
        shared: Vec::new(),
        missing: Default::default(),
    };
    PartMapping { files: Some(files), ..of }
}

fn of_kind(of: PartMapping, kind: &str) -> PartMapping {
    let test = ColumnTest { column: "kind".to_owned(), one_of: vec![text(kind)] };
    PartMapping { condition: Some(Condition::All(vec![test])), ..of }
}

fn named(name: &str, of: PartMapping) -> PartMapping {
    PartMapping { name: PartName::from(name), ..of }
}

/// Where files are forgotten, and what to write there.
fn told(all: &[SeriesMapping]) -> Vec<(String, String)> {
    let mut found = prove(&format!("{GOOD} {PAPERS}"), all);
    found.retain(|finding| finding.code == "files-unmapped");
    assert!(found.iter().all(|finding| finding.severity == Severity::Error), "{found:#?}");
    found.into_iter().map(|finding| (finding.place, finding.mend)).collect()
}

#[test]
fn rows_that_go_by_a_part_without_the_files_that_another_part_of_their_table_names_are_an_error() {
    let with = |of_dossier: PartMapping, of_account: PartMapping| {
        let mut all = good();
        all[0].parts.push(of_dossier);
        all[1].parts.push(of_account);
        told(&all)
    };
    let (own, other) = (with_files(part("paper", "dossier_id", "id")), part("Paper", "account_id", "id"));
    let found = with(own.clone(), other.clone());
    let [(place, mend)] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place, "series.account.part.Paper");
    assert!(mend.starts_with("files = { column = \"path\", root = \"/\" }"), "{mend}");
    assert_eq!(with(own.clone(), with_files(other.clone())), []);
    // Rows of which none is of both, and rows that outlive their owner.
    assert_eq!(with(of_kind(own.clone(), "a"), of_kind(other.clone(), "b")), []);
    assert_eq!(with(of_kind(own.clone(), "a"), of_kind(other.clone(), "A")).len(), 1);
    assert_eq!(with(own, PartMapping { owner_gone: OwnerGone::Detach, ..other }), []);
}

#[test]
fn records_and_parts_of_their_own_table_name_their_files_by_a_part_of_the_very_row() {
    let paper = |parts: Vec<PartMapping>| SeriesMapping { parts, events: Default::default(), ..series("paper") };
    let with = |parts: Vec<PartMapping>, more: &dyn Fn(&mut [SeriesMapping])| {
        let mut all = good();
        all[0].parts.push(with_files(of_kind(part("paper", "dossier_id", "id"), "letter")));
        all.push(paper(parts));
        more(&mut all);
        told(&all)
    };
    let found = with(Vec::new(), &|_| ());
    let [(place, mend)] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place, "series.paper");
    assert!(mend.contains("[[series.paper.part]]\ntable = \"paper\"\non = { id = \"id\" }\nfiles = {"), "{mend}");
    let itself = named("self", with_files(part("paper", "id", "id")));
    assert_eq!(with(vec![itself.clone()], &|_| ()), []);
    // The records are others than the rows of the part.
    let notes = |all: &mut [SeriesMapping]| all[2].filter = of_kind(part("paper", "id", "id"), "note").condition;
    assert_eq!(with(Vec::new(), &notes), []);
    // A tree, whose branches name theirs as the records do.
    let branch = named("branch", part("paper", "parent", "id"));
    let found = with(vec![itself.clone(), branch.clone()], &|_| ());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].0, "series.paper.part.branch");
    let beneath =
        PartMapping { of: Some(PartName::from("branch")), ..named("leaf", with_files(part("paper", "id", "id"))) };
    assert_eq!(with(vec![itself, branch, beneath], &|_| ()), []);
}
