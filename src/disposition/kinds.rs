//! What kind of answer an error of the rooms beneath is, and how it is told: the same to who asks here and to who asks
//! over the socket.

use std::error::Error;

use super::request::RefusalKind;
use crate::audit::LogError;
use crate::records::sqlite::StoreError;

impl RefusalKind {
    /// What the destruction log could not do.
    pub fn of_log(error: &LogError) -> Self {
        match error {
            error if error.is_verification_failure() => Self::Log,
            error if error.is_locked() => Self::Busy,
            LogError::KeyNeeded { .. } | LogError::KeyDestroyed { .. } | LogError::ClockBehind { .. } => Self::Refused,
            _ => Self::Failure,
        }
    }

    /// What a database could not do.
    pub fn of_records(error: &StoreError) -> Self {
        match error {
            StoreError::Locked { .. }
            | StoreError::Unfinished { .. }
            | StoreError::Interrupted { .. }
            | StoreError::TooSlow { .. } => Self::Busy,
            StoreError::Missing { .. }
            | StoreError::NotAFile { .. }
            | StoreError::NotADatabase { .. }
            | StoreError::UnsafeToOpen { .. }
            | StoreError::Schema { .. }
            | StoreError::SchemaChanged { .. }
            | StoreError::FenceTable { .. } => Self::Configuration,
            StoreError::Key { .. } | StoreError::Expression { .. } => Self::Usage,
            _ => Self::Failure,
        }
    }
}

/// An error's sentence, `what and where; what to do`, with what lies beneath it before what to do.
pub fn in_full(error: &dyn Error) -> String {
    let text = error.to_string();
    let (what, mend) = text.rsplit_once("; ").map_or((text.as_str(), None), |(what, mend)| (what, Some(mend)));
    let mut told = what.to_owned();
    let mut beneath = error.source();
    while let Some(error) = beneath {
        told += &format!(": {error}");
        beneath = error.source();
    }
    match mend {
        Some(mend) => format!("{told}; {mend}"),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disposition::desk::DeskError;
    use crate::disposition::execute::ExecuteError;
    use crate::model::BatchNumber;

    #[test]
    fn what_lies_beneath_an_error_is_told_before_what_to_do() {
        let locked = StoreError::Locked { database: "/srv/app.db".into() };
        let why = locked.to_string();
        let error = ExecuteError::Unresolved { batch: BatchNumber(7), source_name: "app".into(), source: locked };
        let told = in_full(&error);
        assert!(told.contains(&format!("cannot be read from source app now: {why}; run the same command")), "{told}");
        assert_eq!(in_full(&DeskError::Broken), DeskError::Broken.to_string());
    }
}
