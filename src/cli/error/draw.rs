//! A fault of a TOML file, drawn with its line and a caret.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use crate::model::Fault;
use crate::report::plain::{one_line, visible};

/// Widest line drawn, in columns.
const WIDTH: usize = 110;

/// A file larger than this is not read again to draw a line of it.
const DRAWABLE: u64 = 4 << 20;

/// The fault as text; colored on a terminal only. What the file holds is shown, never obeyed by the terminal.
pub(super) fn fault(fault: &Fault, color: bool) -> String {
    let source = source(fault);
    let [file, message, mend] = [&fault.file, &fault.message, &fault.mend].map(|text| one_line(text));
    let fault = &Fault { file, message, mend, ..fault.clone() };
    let drawn = Drawn { fault, source };
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

/// The lines of a file as a terminal shows them, and the bytes of them that the caret underlines.
struct Shown {
    source: NamedSource<String>,
    span: Range<usize>,
}

fn source(fault: &Fault) -> Option<Shown> {
    let span = fault.span.clone()?;
    if std::fs::metadata(&fault.file).ok()?.len() > DRAWABLE {
        return None;
    }
    let text = std::fs::read(&fault.file).ok()?;
    let text = String::from_utf8_lossy(&text);
    // A line may end in CR LF; tabs are blanks to whoever reads the line.
    let shown = |text: &str| visible(&text.replace('\r', "").replace('\t', " "));
    // Escapes are longer than what they stand for.
    let place = |byte: usize| text.get(..byte).map(|before| shown(before).len());
    let span = place(span.start)?..place(span.end)?;
    Some(Shown { source: NamedSource::new(one_line(&fault.file), shown(&text)), span })
}

/// A fault as miette wants it.
struct Drawn<'a> {
    fault: &'a Fault,
    /// `None` where the file cannot be shown; the message then names the file itself.
    source: Option<Shown>,
}

impl Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.fault.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.fault.mend))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|shown| &shown.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.source.as_ref()?.span.clone();
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
    fn what_a_file_holds_is_shown_and_not_obeyed_and_the_caret_stays_under_its_value() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.toml");
        let text = "[calendar]\r\ntitle = \"\u{202e}oui\u{1b}[2J\" # \u{7}\r\nkeep = \"P0Y\"\r\n";
        std::fs::write(&path, text).unwrap();
        let file = path.display().to_string();
        let start = text.find("P0Y").unwrap();
        let drawn =
            fault(&Fault::at(&file, text, start..start + 3, "period-zero", "a \u{1b}[31mperiod", "write P1Y"), false);
        assert!(drawn.chars().all(|letter| letter == '\n' || !letter.is_control()), "{drawn:?}");
        assert!(drawn.contains("title = \"\\u{202e}oui\\u{1b}[2J\" # \\u{7}\n"), "{drawn}");
        assert!(drawn.contains("a \\u{1b}[31mperiod"), "{drawn}");
        let lines: Vec<&str> = drawn.lines().collect();
        let at = lines.iter().position(|line| line.contains("P0Y")).unwrap();
        let column = |line: &str, sought: char| line.chars().position(|letter| letter == sought);
        assert_eq!(column(lines[at + 1], '─'), column(lines[at], 'P'), "{drawn}");
    }

    #[test]
    fn a_fault_of_a_file_that_is_not_there_still_names_the_file() {
        let drawn = fault(&Fault::of_file("/nowhere/x.toml", "missing", "it is not there", "make it"), false);
        assert!(drawn.contains("/nowhere/x.toml") && drawn.contains("make it"), "{drawn}");
    }
}
