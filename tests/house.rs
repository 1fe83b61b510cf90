//! The house rules that the compiler does not hold: imports run downward, and evidence has one maker.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("calendar", &["model"]),
    ("records", &["model"]),
    ("audit", &["model"]),
    ("config", &["model", "calendar", "records"]),
    ("disposition", &["model", "calendar", "records", "audit"]),
    ("report", &["model", "calendar", "records", "audit", "disposition"]),
    ("daemon", &["model", "calendar", "records", "audit", "disposition", "config", "report"]),
    ("cli", &["model", "calendar", "records", "audit", "disposition", "config", "report", "daemon"]),
];

/// Every source file of the program, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&path) {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
}

/// Whether a file holds unit tests only: they may make evidence of their own, and write where they please.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        name == "tests.rs" || name.ends_with("_tests") || name.ends_with("_tests.rs")
    })
}

/// The room of a file: the first folder (or file) below `src`.
fn room(path: &Path) -> Option<String> {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    let name = first.trim_end_matches(".rs");
    (!["main", "lib"].contains(&name)).then(|| name.to_owned())
}

/// The code of a file without its comments, so that a doc link is no import.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_run_downward() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(room) = room(&path) else { continue };
        let below = allowed.get(room.as_str()).unwrap_or_else(|| panic!("{room} is no room of the house"));
        for after in code(&text).split("crate::").skip(1) {
            let target: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if allowed.contains_key(target.as_str()) && target != room && !below.contains(&target.as_str()) {
                wrong.push(format!("{} imports {target}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Folders of the flow that must not know of one another upward: who holds, who executes, who answers.
const STOREYS: [&str; 3] = ["desk", "execute", "door"];

#[test]
fn the_desk_knows_nothing_of_executions_and_these_nothing_of_who_answers() {
    let flow = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/disposition");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Ok(below) = path.strip_prefix(&flow) else { continue };
        let folder = below.iter().next().unwrap().to_string_lossy().into_owned();
        let Some(storey) = STOREYS.iter().position(|name| *name == folder) else { continue };
        if below.iter().any(|part| part == "tests") {
            continue;
        }
        seen += 1;
        for above in &STOREYS[storey + 1..] {
            if code(&text).contains(&format!("disposition::{above}")) {
                wrong.push(format!("{} imports {above}", path.display()));
            }
        }
    }
    assert!(seen > 40, "the folders were not found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_log_makes_durable_evidence() {
    let makers: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| code(text).contains("DurableEvidence for"))
        .map(|(path, text)| (path, text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()))
        .filter(|(_, text)| code(text).contains("DurableEvidence for"))
        .map(|(path, _)| room(&path).unwrap())
        .collect();
    assert_eq!(makers, ["audit"]);
}

#[test]
fn only_execute_opens_a_writing_transaction() {
    let callers: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| room(path).as_deref() != Some("records"))
        .filter(|(_, text)| code(text).contains("Writer::open"))
        .map(|(path, _)| path)
        .filter(|path| !path.components().any(|part| part.as_os_str() == "execute"))
        .collect();
    assert!(callers.is_empty(), "{callers:#?}");
}

#[test]
fn what_is_handed_over_as_evidence_is_opened_in_one_place_which_follows_no_link_and_waits_for_nothing() {
    let readers: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| {
            let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
            let is_test = below.components().any(|part| part.as_os_str() == "tests");
            !is_test && (below.starts_with("audit") || below.starts_with("cli/audit"))
        })
        .filter(|(path, _)| !path.ends_with("audit/regular.rs"))
        .filter(|(_, text)| {
            let code = code(text.split("#[cfg(test)]").next().unwrap_or_default());
            ["fs::read(", "fs::read_to_string(", ".read(true).open("].iter().any(|call| code.contains(call))
        })
        .map(|(path, _)| path)
        .collect();
    assert!(readers.is_empty(), "{readers:#?}");
}

#[test]
fn comments_are_no_wider_than_the_code() {
    const WIDTH: usize = 120;
    let is_wide = |line: &&str| line.trim_start().starts_with("//") && line.chars().count() > WIDTH;
    let wide: Vec<_> = sources()
        .into_iter()
        .flat_map(|(path, text)| {
            let lines: Vec<String> = text.lines().filter(is_wide).map(str::to_owned).collect();
            lines.into_iter().map(move |line| format!("{}: {line}", path.display()))
        })
        .collect();
    assert!(wide.is_empty(), "{wide:#?}");
}
