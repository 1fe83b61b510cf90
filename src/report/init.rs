//! What `init` wrote, and what is left to decide.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::table::paragraph;
use super::{Report, Words, to_value};

/// The outcome of `init`.
#[derive(Debug, Serialize)]
pub struct InitReport {
    pub files: Vec<PathBuf>,
    /// A sentence each.
    pub undecided: Vec<String>,
}

impl Report for InitReport {
    fn text(&self, words: &Words) -> String {
        let files: String = self.files.iter().map(|file| format!("  {}\n", file.display())).collect();
        let undecided: String = self.undecided.iter().map(|what| paragraph("  ", "    ", what)).collect();
        format!("{}\n{files}\n{}\n{undecided}\n{}\n", words.init_written, words.init_undecided, words.init_next)
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}
