//! Holds what a command prints as JSON against docs/json.md: every field stands there, once.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

/// Fails where the answer has a field that the section does not name exactly once.
pub fn assert_documented(section: &str, answer: &Json) {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let heading = format!("\n## {section}\n");
    let text = page.split_once(&heading).unwrap_or_else(|| panic!("docs/json.md has no section {section}")).1;
    let text = text.split("\n## ").next().unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let named: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(',').map(|name| name.trim().trim_end_matches('?').trim()))
        .map(|name| name.trim_matches('`'))
        .collect();
    for field in fields(answer, "", &named) {
        let times = named.iter().filter(|name| **name == field).count();
        // An object that is absent is named by what it would hold.
        let is_absent =
            named.iter().any(|name| name.starts_with(&format!("{field}.")) || *name == format!("{field}{{}}"));
        assert!(times == 1 || (times == 0 && is_absent), "{section}: `{field}` stands {times} times in docs/json.md");
    }
}

/// The paths of what holds a value: `rules[].open`; of a map whose keys are data, `reasons{}`.
fn fields(value: &Json, path: &str, named: &[&str]) -> Vec<String> {
    let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        _ if named.contains(&format!("{path}{{}}").as_str()) => vec![format!("{path}{{}}")],
        _ if path.ends_with("[]") && named.contains(&path) => vec![path.to_owned()],
        Json::Object(fields_of) => {
            fields_of.iter().flat_map(|(name, value)| fields(value, &inside(name), named)).collect()
        }
        Json::Array(items) => items.iter().flat_map(|item| fields(item, &format!("{path}[]"), named)).collect(),
        _ => vec![path.to_owned()],
    }
}
