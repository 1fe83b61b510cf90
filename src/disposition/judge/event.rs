//! Which of an event's readings counts.

use super::Undated;
use crate::model::{CivilDate, Instant, Moment, Zone};
use crate::records::facts::Reading;
use crate::records::mapping::Pick;

/// Combines an event's readings. Where all are required, the event has not happened before the last is set; else any
/// unreadable one makes the event undated, since it might be the one that counts.
pub(super) fn pick(pick: Pick, readings: &[Reading], zone: Zone) -> Result<Option<Moment>, Undated> {
    if pick == Pick::All && readings.contains(&Reading::Unset) {
        return Ok(None);
    }
    let mut picked: Option<Moment> = None;
    for reading in readings {
        match *reading {
            Reading::Unset => {}
            Reading::Unreadable(kind) => return Err(Undated::Unreadable(kind)),
            Reading::Set(moment) => {
                picked = Some(match picked {
                    None => moment,
                    Some(so_far) => {
                        let is_later = order(moment, zone) > order(so_far, zone);
                        if is_later == (pick != Pick::Earliest) { moment } else { so_far }
                    }
                });
            }
        }
    }
    Ok(picked)
}

/// Orders moments by civil day, then by instant; a bare day counts as its end, since what happened on it may have
/// happened last.
fn order(moment: Moment, zone: Zone) -> (CivilDate, Instant) {
    match moment {
        Moment::At(instant) => (zone.civil_date(instant), instant),
        Moment::On(date) => (date, Instant::MAX_UTC),
    }
}
