//! A fault in a file that a person wrote: what, where, why, and how to mend it.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One fault of a calendar or a configuration. The edge draws it with its line and a caret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The file as the user named it.
    pub file: String,
    /// Bytes of the file that the caret underlines; `None` where the fault is the file itself.
    pub span: Option<Range<usize>>,
    /// From 1; 0 without a span.
    pub line: usize,
    /// In characters, from 1; 0 without a span.
    pub column: usize,
    /// Stable name of this kind of fault (`period-zero`).
    pub code: Cow<'static, str>,
    /// A sentence that names the thing and the reason.
    pub message: String,
    /// What to write instead, or what to do.
    pub mend: String,
}

impl Fault {
    /// A fault at these bytes of `text`.
    pub fn at(
        file: &str,
        text: &str,
        span: Range<usize>,
        code: &'static str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span: Some(span),
            code: code.into(),
            message: message.into(),
            mend: mend.into(),
        }
    }

    /// A fault of the whole file.
    pub fn of_file(file: &str, code: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            span: None,
            line: 0,
            column: 0,
            code: code.into(),
            message: message.into(),
            mend: mend.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_columns_count_characters() {
        let text = "a = 1\né = zéro\n";
        let start = text.find("zéro").unwrap();
        let fault = Fault::at("f.toml", text, start..start + 5, "code", "message", "mend");
        assert_eq!((fault.line, fault.column), (2, 5));
    }
}
