//! A fault of a TOML file, drawn with its line and a caret.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use crate::model::Fault;

/// Widest line drawn, in columns.
const WIDTH: usize = 110;

/// A file larger than this is not read again to draw a line of it.
const DRAWABLE: u64 = 4 << 20;

/// The fault as text; colored on a terminal only.
pub(super) fn fault(fault: &Fault, color: bool) -> String {
    let drawn = Drawn { fault, source: source(fault) };
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    match GraphicalReportHandler::new_themed(theme).with_width(WIDTH).render_report(&mut text, &drawn) {
        Ok(()) => text,
        Err(fmt::Error) => plain(fault),
    }
}

fn plain(fault: &Fault) -> String {
    format!("{}:{}:{}: {}\n  {}", fault.file, fault.line, fault.column, fault.message, fault.mend)
}

fn source(fault: &Fault) -> Option<NamedSource<String>> {
    fault.span.as_ref()?;
    if std::fs::metadata(&fault.file).ok()?.len() > DRAWABLE {
        return None;
    }
    let text = std::fs::read(&fault.file).ok()?;
    Some(NamedSource::new(&fault.file, String::from_utf8_lossy(&text).into_owned()))
}

/// A fault as miette wants it.
struct Drawn<'a> {
    fault: &'a Fault,
    /// `None` where the file cannot be shown; the message then names the file itself.
    source: Option<NamedSource<String>>,
}

impl Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.fault.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.fault.mend))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.fault.span.clone()?;
        self.source.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, span))))
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Some(_) => f.write_str(&self.fault.message),
            None => write!(f, "{}: {}", self.fault.file, self.fault.message),
        }
    }
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(self.fault))
    }
}

impl std::error::Error for Drawn<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_shows_its_file_its_line_a_caret_and_the_mend() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.toml");
        let text = "[calendar]\nkeep = \"P0Y\"\n";
        std::fs::write(&path, text).unwrap();
        let file = path.display().to_string();
        let drawn = fault(&Fault::at(&file, text, 18..23, "period-zero", "a period is positive", "write P1Y"), false);
        for expected in ["c.toml:2:8", "keep = \"P0Y\"", "─────", "period-zero", "a period is positive", "write P1Y"]
        {
            assert!(drawn.contains(expected), "{expected} is missing from\n{drawn}");
        }
    }

    #[test]
    fn a_fault_of_a_file_that_is_not_there_still_names_the_file() {
        let drawn = fault(&Fault::of_file("/nowhere/x.toml", "missing", "it is not there", "make it"), false);
        assert!(drawn.contains("/nowhere/x.toml") && drawn.contains("make it"), "{drawn}");
    }
}
