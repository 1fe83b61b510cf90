//! The guide's Markdown as roff: headings, tables, lists, examples, paragraphs, and emphasis within them.

use crate::roff::literal;

/// Chapters of the guide as sections of a page.
pub fn to_roff(markdown: &str) -> String {
    let mut out = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with('|') {
            // The row that names the columns, and the line under it.
            lines.next();
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                out += &table_row(row);
            }
            out += ".PP\n";
        } else if line.starts_with("```") {
            out += ".PP\n.nf\n.RS 4\n";
            for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                out += &format!("{}\n", literal(line));
            }
            out += ".RE\n.fi\n";
        } else {
            out += &plain_line(line);
        }
    }
    out
}

fn plain_line(line: &str) -> String {
    if let Some(heading) = line.strip_prefix("### ") {
        return format!(".SS \"{}\"\n", inline(heading));
    }
    if let Some(heading) = line.strip_prefix("## ") {
        return format!(".SH \"{}\"\n", literal(&heading.replace('`', "").to_uppercase()));
    }
    if let Some(item) = line.strip_prefix("- ") {
        return format!(".IP \\(bu 4\n{}\n", inline(item));
    }
    if let Some((number, item)) = line.split_once(". ")
        && number.parse::<u8>().is_ok()
    {
        return format!(".IP {number}. 4\n{}\n", inline(item));
    }
    if line.is_empty() { ".PP\n".to_owned() } else { format!("{}\n", inline(line.trim_start())) }
}

/// A key, what it means, and its default where the table has one.
fn table_row(row: &str) -> String {
    let cells: Vec<String> = row.trim_matches('|').split(" | ").map(|cell| inline(cell.trim())).collect();
    let [key, meaning, default @ ..] = cells.as_slice() else { return String::new() };
    let default = default.first().map(|default| format!(" (default: {default})")).unwrap_or_default();
    format!(".TP\n{key}\n{meaning}{default}.\n")
}

/// Code and strong words in bold, stressed ones in italics, a link as its words.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        out += &literal_within(&rest[..at], &out);
        let (mark, face) = match &rest[at..] {
            marked if marked.starts_with('`') => ("`", "B"),
            marked if marked.starts_with("**") => ("**", "B"),
            marked if marked.starts_with('*') => ("*", "I"),
            _ => ("[", ""),
        };
        let inner = &rest[at + mark.len()..];
        let closing = if mark == "[" { "](" } else { mark };
        let Some(end) = inner.find(closing) else {
            out += &literal_within(mark, &out);
            rest = inner;
            continue;
        };
        rest = &inner[end + closing.len()..];
        if mark == "[" {
            out += &literal_within(&inner[..end], &out);
            rest = rest.split_once(')').map_or("", |(_link, after)| after);
        } else {
            out += &format!("\\f{face}{}\\fR", literal_within(&inner[..end], "within"));
        }
    }
    out += &literal_within(rest, &out);
    out
}

/// A dot means something only where a line begins.
fn literal_within(text: &str, before: &str) -> String {
    let escaped = literal(text);
    if before.is_empty() { escaped } else { escaped.strip_prefix("\\&").map(str::to_owned).unwrap_or(escaped) }
}
