//! Whether the files that rows name are there: a root that is wrong, or a volume that is not mounted, shows in a
//! sample.

use super::{Proof, part_place};
use crate::records::files::is_there;
use crate::records::mapping::{FilesMapping, Missing, PartMapping, SeriesMapping};
use crate::records::sqlite::Severity;
use crate::records::sqlite::named_files;

/// Files that rows name.
#[derive(Default)]
struct Sample {
    named: u64,
    there: u64,
}

impl Proof<'_> {
    /// Files of a sample of rows that are not there.
    pub(super) fn files_are_there(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        for part in &series.parts {
            let Some(files) = part.files.as_ref().filter(|files| files.root.is_dir()) else { continue };
            let Sample { named, there } = self.files_of(part, files)?;
            if there == named {
                continue;
            }
            let gravity = match (there, files.missing) {
                (0, Missing::Fail) => Severity::Error,
                _ => Severity::Warning,
            };
            let meant = match files.missing {
                Missing::Fail => "a record that names one fails, untouched",
                Missing::Gone => {
                    "`missing = \"gone\"` takes them for removed, and would leave them where they are elsewhere"
                }
            };
            let message = format!(
                "of {named} files of {} that were looked for beneath {}, {there} were found; {meant}",
                part.table,
                files.root.display()
            );
            let mend = match files.missing {
                Missing::Fail => {
                    "correct `root` or mount its volume; where the application removes files and leaves their rows, `missing = \"gone\"`"
                }
                Missing::Gone => "see that `root` is right and its volume mounted",
            };
            self.find(
                gravity,
                "files-not-there",
                format!("{}.files", part_place(series, part)),
                message,
                mend.to_owned(),
            );
        }
        Ok(())
    }

    fn files_of(&self, part: &PartMapping, files: &FilesMapping) -> rusqlite::Result<Sample> {
        let mut sample = Sample::default();
        for path in named_files::first(&self.opened.conn, part, files)? {
            sample.named += 1;
            // What cannot be reached by its path fails for a reason of its own.
            sample.there += u64::from(is_there(&files.root, &path).unwrap_or(true));
        }
        Ok(sample)
    }
}
