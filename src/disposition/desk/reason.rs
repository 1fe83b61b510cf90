//! Reasons that people give.

use super::DeskError;

/// A reason or a case number longer than this is no reason.
const LONGEST_REASON: usize = 4_096;

/// Whether a reason says something, and neither it nor the case number is too long to keep.
///
/// # Errors
/// [`DeskError::Reason`].
pub fn check_reason(reason: &str, case: Option<&str>) -> Result<(), DeskError> {
    let is_short = |text: &str| text.len() <= LONGEST_REASON;
    if reason.trim().is_empty() || !is_short(reason) || !case.is_none_or(is_short) {
        return Err(DeskError::Reason { most: LONGEST_REASON });
    }
    Ok(())
}
