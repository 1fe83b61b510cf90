//! What a manual page is made of.

/// The head of a page.
pub fn title(name: &str, section: u8, about: &str) -> String {
    let manual = if section == 5 { "File formats" } else { "System administration" };
    let (version, name) = (env!("CARGO_PKG_VERSION"), literal(name));
    let head = format!(".TH \"{name}\" {section} \"\" \"retentiond {version}\" \"{manual}\"\n");
    format!("{head}.SH NAME\n{name} \\- {}\n", literal(about.trim_end_matches('.')))
}

/// Text as roff shows it letter by letter, wherever in a line it stands.
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => out += "\\e",
            '-' => out += "\\-",
            '"' => out += "\\(dq",
            '\'' => out += "\\(aq",
            '.' if out.is_empty() || out.ends_with('\n') => out += "\\&.",
            letter => out.push(letter),
        }
    }
    out
}
