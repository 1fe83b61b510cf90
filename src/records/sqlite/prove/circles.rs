//! A series that blocks itself: a tree, unless the application lets records refer to each other in a circle. (Of
//! several series the configuration itself admits no circle.)

use super::{Proof, place};
use crate::records::mapping::SeriesMapping;

impl Proof<'_> {
    /// Tells that records in a circle would stay for ever.
    pub(super) fn circles(&mut self, series: &SeriesMapping) {
        if series.blocked_by.iter().any(|relation| relation.series == series.series) {
            let message = format!(
                "records of {} that refer to each other in a circle, instead of a tree, can never go: `plan` counts them, and `explain` shows the circle",
                series.series
            );
            let mend = "keep the application from making such circles";
            self.note("blocked-circle", format!("{}.blocked_by", place(series)), message, mend);
        }
    }
}
