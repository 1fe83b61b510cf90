//! The demo, as a newcomer runs it.

use std::fs;

use rusqlite::Connection;

use crate::support::run_in;

#[test]
fn the_demo_goes_through_and_what_it_says_to_try_next_works_as_printed() {
    let here = tempfile::tempdir().unwrap();
    let first = run_in(here.path(), &["demo"]);
    assert_eq!(first.code, 0, "{}\n{}", first.out, first.err);
    for expected in
        ["check", "hold place", "plan", "approve", "apply", "audit verify", "OK-UNANCHORED", "What lies where"]
    {
        assert!(first.out.contains(expected), "{expected} is missing from\n{}", first.out);
    }
    let next = first.out.split("Try next").nth(1).unwrap();
    let commands: Vec<&str> = next.lines().map(str::trim).filter(|line| line.contains("--config")).collect();
    assert_eq!(commands.len(), 3, "{next}");
    for command in commands {
        let status = std::process::Command::new("sh").arg("-c").arg(command).current_dir(here.path()).output().unwrap();
        assert!(status.status.success(), "{command}: {}", String::from_utf8_lossy(&status.stderr));
    }
}

#[test]
fn the_demo_in_french_says_every_sentence_to_its_end_and_writes_numbers_as_french_does() {
    let here = tempfile::tempdir().unwrap();
    let said = run_in(here.path(), &["--lang", "fr", "demo"]).out;
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "1. Tout est-il en ordre?",
        "sur 5 411 enregistrements de dossier à faire partir, soit 25,6 %; `max_share` est de 10,0 %",
        "aucune liste de dossier n'a encore été approuvée : ses règles sont nouvelles",
        "il est conservé tant que la date n'est pas corrigée. $ retentiond explain dossier 4",
        "il est conservé tant que la date n'est pas corrigée. $ retentiond explain dossier 5",
        "À essayer ensuite",
    ] {
        assert!(flat.contains(expected), "{expected} is missing from\n{said}");
    }
    let seconds = flat.split("octets), en ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(seconds.contains(',') && !seconds.contains('.'), "{seconds}");
    assert!(!said.contains("unité") && !said.contains(" would go"), "{said}");
    let config = fs::read_to_string(here.path().join("retentiond-demo/retentiond.toml")).unwrap();
    assert!(config.contains("language  = \"fr\""), "what is tried next speaks French too: {config}");
}

#[test]
fn the_demo_fits_eighty_columns_but_for_what_is_copied_whole() {
    for language in ["en", "fr"] {
        let here = tempfile::tempdir().unwrap();
        let said = run_in(here.path(), &["--lang", language, "demo"]).out;
        let is_copied = |line: &str| line.contains(" --config ") || line.trim().starts_with("retentiond/");
        let wide: Vec<&str> = said.lines().filter(|line| line.chars().count() > 80 && !is_copied(line)).collect();
        assert!(wide.is_empty(), "{wide:#?}");
        let key = said.lines().find(|line| line.trim().starts_with("retentiond/")).unwrap();
        let published = fs::read_to_string(here.path().join("retentiond-demo/state/audit/vkey")).unwrap();
        assert_eq!(key.trim(), published.trim());
    }
}

#[test]
fn a_second_demo_says_what_it_found_and_destroys_nothing() {
    let here = tempfile::tempdir().unwrap();
    assert_eq!(run_in(here.path(), &["demo", "--dir", "d"]).code, 0);
    let rows = || {
        let database = Connection::open(here.path().join("d/application/parle.db")).unwrap();
        database.query_row("SELECT count(*) FROM dossier", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let before = rows();
    let again = run_in(here.path(), &["demo", "--dir", "d"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("already in d") && again.out.contains("executed"), "{}", again.out);
    assert_eq!(rows(), before);
}

#[test]
fn a_directory_that_is_no_demo_is_left_alone() {
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("d")).unwrap();
    fs::write(here.path().join("d/thesis.txt"), "years of work").unwrap();
    let ran = run_in(here.path(), &["demo", "--dir", "d"]);
    assert_eq!(ran.code, 1);
    assert_eq!(fs::read_dir(here.path().join("d")).unwrap().count(), 1);
}

#[test]
fn the_demo_in_json_is_one_document_with_every_step() {
    let here = tempfile::tempdir().unwrap();
    let ran = run_in(here.path(), &["demo", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let document = ran.json();
    let steps = document["steps"].as_array().unwrap();
    let run = steps.iter().find(|step| step["command"][0] == "apply").unwrap();
    assert!(run["result"]["destroyed"].as_u64().unwrap() > 500, "{run}");
    assert_eq!(document["next"].as_array().unwrap().len(), 3);
}
