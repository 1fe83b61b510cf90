//! Each room's errors, mapped.

use super::Failure;
use crate::cli::exit::Exit;
use crate::model::Fault;

impl From<Vec<Fault>> for Failure {
    /// Faults of TOML files: all of them, exit 78.
    fn from(faults: Vec<Fault>) -> Self {
        let mut files: Vec<&str> = faults.iter().map(|fault| fault.file.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        let count = match faults.len() {
            1 => "one fault".to_owned(),
            several => format!("{several} faults"),
        };
        let message = format!("The configuration is not in order: {count}.");
        let mend = match faults.as_slice() {
            [only] => only.mend.clone(),
            _ => "Mend each fault as it says, then run `check`.".to_owned(),
        };
        let mut failure = Self::new(Exit::BadConfig, "configuration", message, files.join(", "), mend);
        failure.faults = faults;
        failure
    }
}
