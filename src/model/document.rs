//! A TOML file that a person wrote, read so that all of its faults are found at once, each at its place.
//!
//! The file is walked by hand, key by key, because a derived deserializer stops at the first fault. Calendars and the
//! configuration are both read this way.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, Value, nearest};

/// A TOML file in memory, with the faults found in it so far.
pub struct Document<'t> {
    file: &'t str,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
    faults: RefCell<Vec<Fault>>,
    /// Where each value that was asked for stands, by its path (`series.dossier.part[0].of`).
    spans: RefCell<BTreeMap<String, Range<usize>>>,
}

impl<'t> Document<'t> {
    /// Reads `bytes`, at most `limit` of them, as UTF-8 TOML. Past a fault of syntax nothing can be known, so it comes
    /// alone.
    pub fn parse(file: &'t str, bytes: &'t [u8], limit: usize) -> Result<Self, Vec<Fault>> {
        if bytes.len() > limit {
            let message = format!("the file is larger than {limit} bytes");
            return Err(vec![Fault::of_file(file, "file-too-large", message, "name the right file, or split it")]);
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let byte = error.valid_up_to() + 1;
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            let message = format!("the file is not UTF-8 text: byte {byte} (line {line}) is no part of a character");
            vec![Fault::of_file(file, "not-utf8", message, "name a TOML text file, or save this one as UTF-8")]
        })?;
        let root = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let message = format!("this is not TOML: {}", error.message());
            vec![Fault::at(file, text, span, "toml-syntax", message, "mend the TOML here; what follows was not read")]
        })?;
        Ok(Self { file, text, root, faults: RefCell::default(), spans: RefCell::default() })
    }

    /// The file's top table.
    pub fn root(&self) -> Table<'_> {
        Table::new(self, String::new(), 0..0, self.root.get_ref())
    }

    /// The whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Notes a fault at these bytes.
    pub fn fault(&self, span: Range<usize>, code: &'static str, message: impl Into<String>, mend: impl Into<String>) {
        self.faults.borrow_mut().push(Fault::at(self.file, self.text, span, code, message, mend));
    }

    /// Notes a fault at a value that was asked for, by its path; at the nearest table around it where the file has no
    /// such key.
    pub fn fault_at(&self, path: &str, code: &'static str, message: impl Into<String>, mend: impl Into<String>) {
        let spans = self.spans.borrow();
        let mut around = path;
        let span = loop {
            match (spans.get(around), around.rfind(['.', '['])) {
                (Some(span), _) => break span.clone(),
                (None, Some(end)) => around = &around[..end],
                (None, None) => break 0..0,
            }
        };
        self.fault(span, code, message, mend);
    }

    /// Reads a part of the file that people know by a name (`rule PC-1`): the faults found there say so, for `rule[3]`
    /// is to be counted, and `P0D` may stand in many.
    pub fn within<T>(&self, name: Option<&str>, read: impl FnOnce() -> T) -> T {
        let before = self.faults.borrow().len();
        let answer = read();
        let mut faults = self.faults.borrow_mut();
        for (fault, name) in faults[before..].iter_mut().zip(name.iter().cycle()) {
            if !fault.message.contains(name) {
                fault.message = format!("{name}: {}", fault.message);
            }
        }
        answer
    }

    /// Whether a value of this path was asked for and found.
    pub fn knows(&self, path: &str) -> bool {
        self.spans.borrow().contains_key(path)
    }

    /// The line, from 1, of each value that was asked for, by its path.
    pub fn lines(&self) -> BTreeMap<String, usize> {
        let breaks: Vec<usize> = self.text.match_indices('\n').map(|(at, _)| at).collect();
        let line = |span: &Range<usize>| breaks.partition_point(|at| *at < span.start) + 1;
        self.spans.borrow().iter().map(|(path, span)| (path.clone(), line(span))).collect()
    }

    /// The faults found, in the order of the file.
    pub fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.span.as_ref().map(|span| span.start));
        faults
    }

    pub(super) fn remember(&self, path: &str, span: &Range<usize>) {
        self.spans.borrow_mut().insert(path.to_owned(), span.clone());
    }
}

/// A table of which each key is asked for by name; what nobody asked for is unknown.
pub struct Table<'d> {
    document: &'d Document<'d>,
    path: String,
    span: Range<usize>,
    entries: &'d DeTable<'d>,
    asked: Vec<&'static str>,
}

impl<'d> Table<'d> {
    pub(super) fn new(document: &'d Document<'d>, path: String, span: Range<usize>, entries: &'d DeTable<'d>) -> Self {
        Self { document, path, span, entries, asked: Vec::new() }
    }

    /// Where the table stands (`series.dossier`); empty for the file's top table.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the table has this key; does not count as asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The value of a key that may be left out.
    pub fn get(&mut self, key: &'static str) -> Option<Value<'d>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entries.get(key).map(|value| Value::new(self.document, self.inside(key), value))
    }

    /// The value of a key that must be there; `mend` says what to write.
    pub fn need(&mut self, key: &'static str, mend: &str) -> Option<Value<'d>> {
        let value = self.get(key);
        if value.is_none() {
            let message = match self.path.as_str() {
                "" => format!("the file has no `{key}`"),
                path => format!("`{path}` has no `{key}`"),
            };
            self.fault("missing-key", message, mend);
        }
        value
    }

    /// All entries of a table whose keys the author chose, in the order of the file: key, its bytes, value.
    pub fn entries(self) -> Vec<(&'d str, Range<usize>, Value<'d>)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let named = entries.into_iter().map(|(key, value)| {
            let name: &'d str = key.get_ref();
            (name, key.span(), Value::new(self.document, self.inside(name), value))
        });
        named.collect()
    }

    /// Notes a fault of the table.
    pub fn fault(&self, code: &'static str, message: impl Into<String>, mend: impl Into<String>) {
        self.document.fault(self.span.clone(), code, message, mend);
    }

    /// Ends the reading: every key that was never asked for is a fault.
    pub fn finish(self) {
        for (key, value) in self.entries {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let place = if self.path.is_empty() { "the file".to_owned() } else { format!("`{}`", self.path) };
            let mend = match nearest(name, &self.asked) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("remove it, or use one of: {}", self.asked.join(", ")),
            };
            let span = if matches!(value.get_ref(), DeValue::Table(_)) {
                key.span()
            } else {
                key.span().start..value.span().end
            };
            self.document.fault(span, "unknown-key", format!("{place} knows no key `{name}`"), mend);
        }
    }

    fn inside(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str, read: impl FnOnce(&Document<'_>)) -> Vec<(String, usize, usize)> {
        let document = Document::parse("f.toml", text.as_bytes(), 1_000).unwrap();
        read(&document);
        document.into_faults().into_iter().map(|fault| (fault.code.into_owned(), fault.line, fault.column)).collect()
    }

    #[test]
    fn all_faults_are_found_at_once_and_in_the_order_of_the_file() {
        let text = "nunber = 1\ntitle = 2\n[inner]\ncolour = 'red'\n";
        let found = codes(text, |document| {
            let mut root = document.root();
            root.need("number", "give it a number");
            root.get("title").and_then(|title| title.text());
            let inner = root.get("inner").and_then(|inner| inner.table());
            inner.into_iter().for_each(Table::finish);
            root.finish();
        });
        let expected = [("missing-key", 1, 1), ("unknown-key", 1, 1), ("wrong-type", 2, 9), ("unknown-key", 4, 1)];
        assert_eq!(found, expected.map(|(code, line, column)| (code.to_owned(), line, column)));
    }

    #[test]
    fn a_fault_about_an_absent_key_stands_at_the_table_around_it() {
        let found = codes("a = 1\n[b]\nc = [{ d = 1 }]\n", |document| {
            let mut b = document.root().get("b").and_then(|b| b.table()).unwrap();
            b.get("c").and_then(|c| c.items()).unwrap();
            document.fault_at("b.c[0].e", "absent", "", "");
            document.fault_at("b.x", "absent", "", "");
        });
        assert_eq!(found, [("absent".to_owned(), 2, 1), ("absent".to_owned(), 3, 6)]);
    }

    #[test]
    fn what_is_no_toml_text_is_one_fault() {
        let fault = |bytes: &[u8]| {
            Document::parse("f.toml", bytes, 20).err().map(|faults| (faults[0].code.clone(), faults[0].line))
        };
        assert_eq!(fault(b"a = 1"), None);
        assert_eq!(fault(b"a = 1\nb = \n"), Some(("toml-syntax".into(), 2)));
        assert_eq!(fault(b"a = '\xff'"), Some(("not-utf8".into(), 0)));
        assert_eq!(fault(&[b'#'; 21]), Some(("file-too-large".into(), 0)));
    }
}
