//! What refers to what: parts, blockers and subjects, by declared keys, by names and by types.

use super::*;

#[test]
fn references_that_no_foreign_key_declares_are_guessed_from_names_and_marked() {
    let proposal = proposal(
        "CREATE TABLE issues (id INTEGER PRIMARY KEY, subject TEXT, closed_on DATETIME);
         CREATE TABLE time_entries (id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL, spent_on DATE);
         CREATE TABLE journals (id INTEGER PRIMARY KEY, journalized_type TEXT, journalized_id INTEGER, issue_id INTEGER);",
    );
    assert!(proposal.configuration.contains("on    = { issue_id = \"id\" }   # ? no foreign key says so"));
    assert!(proposal.undecided.iter().any(|open| open.contains("journalized_type")), "{:#?}", proposal.undecided);
    let loaded = filled(proposal);
    let parts: Vec<_> = series(&loaded, "issues").parts.iter().map(|part| part.table.clone()).collect();
    assert_eq!(parts, ["time_entries"], "a table that refers to several by a type is nobody's by a guess");
}

const TRACKER: &str = "
    CREATE TABLE issues (id INTEGER PRIMARY KEY, subject TEXT, closed_on DATETIME);
    CREATE TABLE wiki_pages (id INTEGER PRIMARY KEY, title TEXT, archived_on DATETIME);
    CREATE TABLE journals (id INTEGER PRIMARY KEY, journalized_type TEXT, journalized_id INTEGER, notes TEXT, created_on DATETIME);
    CREATE TABLE journal_details (id INTEGER PRIMARY KEY, journal_id INTEGER NOT NULL, value TEXT);
    CREATE TABLE attachments (id INTEGER PRIMARY KEY, container_type TEXT, container_id INTEGER, filename TEXT, disk_filename TEXT,
                              disk_directory TEXT, description TEXT, created_on DATETIME);
";

#[test]
fn rows_that_refer_to_several_tables_by_a_type_become_parts_of_each_with_where() {
    let proposal = proposal_with(TRACKER, &["Issue", "WikiPage", "Journal", "Forum::Thread"]);
    let open = proposal.undecided.join("\n");
    assert!(open.contains("\"attachments\" whose container_type is \"Forum::Thread\""), "{open}");
    assert!(
        !open.contains("\"Issue\"") && !open.contains("\"journals\" whose journalized_type is \"WikiPage\""),
        "{open}"
    );
    let loaded = filled(proposal);
    let names: Vec<_> = loaded.config.series.iter().map(|mapping| mapping.series.as_str()).collect();
    assert_eq!(names, ["issues", "wiki_pages"], "what belongs to several is no series of its own");
    let parts: Vec<_> = series(&loaded, "issues")
        .parts
        .iter()
        .map(|part| (part.name.as_str(), part.table.as_str(), part.of.as_ref().map(|of| of.as_str())))
        .collect();
    assert_eq!(
        parts,
        [
            ("attachments", "attachments", None),
            ("journals", "journals", None),
            ("journals_attachments", "attachments", Some("journals")),
            ("journal_details", "journal_details", Some("journals")),
        ]
    );
    let part = &series(&loaded, "wiki_pages").parts[0];
    assert_eq!(part.on, columns("container_id", "id"));
    assert!(format!("{:?}", part.condition).contains("WikiPage"), "{:?}", part.condition);
    assert_eq!(part.files.as_ref().unwrap().columns, ["disk_directory", "disk_filename"]);
}

#[test]
fn types_that_no_row_shows_are_left_to_decide() {
    let proposal = proposal_with(TRACKER, &[]);
    assert!(proposal.undecided.iter().any(|open| open.contains("\"journals\" belong to")), "{:#?}", proposal.undecided);
    assert_eq!(filled(proposal).config.series.len(), 2);
}

#[test]
fn people_without_a_date_of_their_own_take_the_latest_of_their_affairs() {
    let loaded = filled(proposal(
        "CREATE TABLE Customer (CustomerId INTEGER PRIMARY KEY, FirstName TEXT NOT NULL, Email TEXT);
         CREATE TABLE Invoice (InvoiceId INTEGER PRIMARY KEY, CustomerId INTEGER NOT NULL REFERENCES Customer,
                               InvoiceDate DATETIME NOT NULL);",
    ));
    let customer = series(&loaded, "customer");
    let element = &customer.events[&"last_invoice".into()].elements[0];
    assert!(matches!(&element.place, ElementTable::Child { table, .. } if table == "Invoice"), "{element:?}");
    assert_eq!(customer.blocked_by[0].series, "invoice".into());
}

/// As Rails applications name their columns: no key declares what refers to what.
const PEOPLE: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT NOT NULL, last_login_at TEXT, created_at TEXT NOT NULL);
    CREATE TABLE tokens (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, created_at TEXT NOT NULL);
    CREATE TABLE projects (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL);
    CREATE TABLE repositories (id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL);
    CREATE TABLE commits (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, repository_id INTEGER NOT NULL);
    CREATE TABLE issues (id INTEGER PRIMARY KEY, assigned_to_id INTEGER, author_id INTEGER NOT NULL, parent_id INTEGER,
                         closed_at TEXT);
    CREATE TABLE pages (id INTEGER PRIMARY KEY, body TEXT NOT NULL, author_id INTEGER NOT NULL, updated_at TEXT NOT NULL);
    CREATE TABLE journals (id INTEGER PRIMARY KEY, journalized_type TEXT NOT NULL, journalized_id INTEGER NOT NULL,
                           user_id INTEGER NOT NULL, notes TEXT);
";

fn parts(mapping: &SeriesMapping) -> Vec<&str> {
    mapping.parts.iter().map(|part| part.name.as_str()).collect()
}

fn blockers(mapping: &SeriesMapping) -> Vec<(&str, Join)> {
    mapping.blocked_by.iter().map(|relation| (relation.series.as_str(), relation.on.clone())).collect()
}

#[test]
fn columns_that_only_their_names_tie_to_people_block_them_and_name_the_subject() {
    let loaded = filled(proposal_with(PEOPLE, &["Issue"]));
    let people = series(&loaded, "users");
    let issues = ["assigned_to_id", "author_id"].map(|column| ("issues", columns(column, "id")));
    assert_eq!(blockers(people)[..2], issues);
    assert_eq!(blockers(people)[2..], [("pages", columns("author_id", "id"))]);
    let issues = series(&loaded, "issues");
    assert_eq!(issues.subject.as_ref().map(|subject| &subject.on), Some(&columns("author_id", "id")));
    assert_eq!(blockers(issues), [("issues", columns("parent_id", "id"))]);
}

#[test]
fn what_people_wrote_is_no_part_of_them_where_it_may_belong_to_something_else() {
    // With and without keys that the schema declares.
    let declared = PEOPLE.replace("user_id INTEGER NOT NULL", "user_id INTEGER NOT NULL REFERENCES users (id)");
    for schema in [PEOPLE, &declared] {
        let proposal = proposal_with(schema, &["Issue"]);
        let asked = |table: &str| {
            let question = format!("what becomes of rows of \"{table}\" whose user_id is a \"users\" that goes");
            proposal.undecided.iter().any(|open| open.contains(&question))
        };
        assert!(asked("journals") && asked("commits"), "{:#?}", proposal.undecided);
        let loaded = filled(proposal);
        assert_eq!(parts(series(&loaded, "users")), ["tokens"]);
        assert_eq!(parts(series(&loaded, "issues")), ["journals"]);
        assert_eq!(parts(series(&loaded, "projects")), ["repositories", "commits"]);
    }
}

#[test]
fn rows_that_tie_two_records_together_are_a_part_of_the_one_and_asked_about_for_the_other() {
    let proposal = proposal(
        "CREATE TABLE issues (id INTEGER PRIMARY KEY, closed_at TEXT);
         CREATE TABLE issue_relations (id INTEGER PRIMARY KEY, issue_from_id INT NOT NULL, issue_to_id INT NOT NULL);
         CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, last_login_at TEXT);
         CREATE TABLE transfers (id INTEGER PRIMARY KEY, from_user_id INT, to_user_id INT);",
    );
    let other_end = "rows of \"issue_relations\" whose issue_to_id is a \"issues\"";
    assert!(proposal.undecided.iter().any(|question| question.contains(other_end)), "{:?}", proposal.undecided);
    let loaded = filled(proposal);
    let issues = series(&loaded, "issues");
    assert_eq!(parts(issues), ["issue_relations"]);
    assert_eq!(issues.parts[0].on, columns("issue_from_id", "id"));
    // Nobody owns what went from one person to another.
    assert_eq!(parts(series(&loaded, "users")), [""; 0]);
}

#[test]
fn what_is_left_aside_shows_what_might_speak_against_it() {
    let proposal = proposal(
        "CREATE TABLE issues (id INTEGER PRIMARY KEY, closed_at TEXT);
         CREATE TABLE redirects (id INTEGER PRIMARY KEY, wiki_id INT, created_on TEXT);
         CREATE TABLE trackers (id INTEGER PRIMARY KEY, name TEXT);",
    );
    let text = &proposal.configuration;
    assert!(text.contains("#   redirects (wiki_id, created_on)\n#   trackers\n"), "{text}");
    assert!(!text.contains("having neither a date"), "{text}");
}
