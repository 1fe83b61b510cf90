//! Periods as a calendar writes them: ISO 8601 texts, read strictly and written back.

use std::fmt;
use std::str::FromStr;

use super::{Keep, Period};

/// The longest period that is believed, in years: what is kept longer is kept for ever, and a date plus such a period
/// still is a date.
const LONGEST_YEARS: u64 = 1_000;
const LONGEST_MONTHS: u64 = LONGEST_YEARS * 12;
const LONGEST_DAYS: u64 = LONGEST_YEARS * 366;
const LONGEST_SECONDS: u64 = LONGEST_DAYS * SECONDS_A_DAY;
const SECONDS_A_DAY: u64 = 86_400;

/// Why a text is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("the period is empty")]
    Empty,
    #[error("`{0}` is a period of nothing")]
    Zero(String),
    #[error("`{0}` is negative")]
    Negative(String),
    #[error("`{0}` is longer than {LONGEST_YEARS} years")]
    Overflow(String),
    #[error("`{0}` adds hours, minutes or seconds to years or months, which have no exact length")]
    Mixed(String),
    #[error("`{text}` is no period")]
    Misspelt {
        text: String,
        /// What was probably meant.
        meant: Option<String>,
    },
}

impl PeriodError {
    /// Stable name of this kind of fault.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "period-empty",
            Self::Zero(_) => "period-zero",
            Self::Negative(_) => "period-negative",
            Self::Overflow(_) => "period-overflow",
            Self::Mixed(_) => "period-mixed",
            Self::Misspelt { .. } => "period-misspelt",
        }
    }

    /// What to write instead.
    pub fn mend(&self) -> String {
        const FORM: &str =
            "write an ISO 8601 period such as \"P1Y\", \"P24M\", \"P2W\", \"P30D\" or \"PT24H\", or \"immediate\"";
        match self {
            Self::Empty | Self::Misspelt { meant: None, .. } => FORM.to_owned(),
            Self::Zero(_) => {
                "write \"immediate\" if the record is due at the trigger's very instant, else the length meant"
                    .to_owned()
            }
            Self::Negative(text) => match text.replace('-', "") {
                positive if positive.parse::<Keep>().is_ok() => {
                    format!("a period runs forward from its trigger; write \"{positive}\" if that is meant")
                }
                _ => format!("a period runs forward from its trigger; {FORM}"),
            },
            Self::Overflow(_) => {
                "write `disposition = \"permanent\"` for what is kept for ever, else the length meant".to_owned()
            }
            Self::Mixed(_) => "give years and months, or weeks, days and hours, not both".to_owned(),
            Self::Misspelt { meant: Some(meant), .. } => format!("write {meant}"),
        }
    }
}

/// Reads `P1Y`, `P1Y6M`, `P2W`, `P30D`, `PT24H`, `P1DT12H` or `immediate`.
///
/// # Errors
/// Anything else, and a period that is zero, negative, longer than 1,000 years, or of both months and hours.
impl FromStr for Keep {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        if text == "immediate" {
            return Ok(Self::Immediate);
        }
        Amounts::read(text)?.keep(text)
    }
}

/// The numbers of a period text, by unit.
#[derive(Default)]
struct Amounts {
    months: u64,
    days: u64,
    seconds: u64,
    has_months: bool,
    has_time: bool,
}

impl Amounts {
    fn read(text: &str) -> Result<Self, PeriodError> {
        if text.trim().is_empty() || text == "P" || text == "PT" {
            return Err(PeriodError::Empty);
        }
        if text.contains('-') && text.replace('-', "").parse::<Keep>().is_ok() {
            return Err(PeriodError::Negative(text.to_owned()));
        }
        let overflow = || PeriodError::Overflow(text.to_owned());
        let mut rest = text.strip_prefix('P').ok_or_else(|| misspelt(text))?;
        let mut amounts = Self::default();
        let mut place = 0;
        while !rest.is_empty() {
            if let Some(time) = rest.strip_prefix('T') {
                if amounts.has_time || time.is_empty() {
                    return Err(misspelt(text));
                }
                (rest, amounts.has_time) = (time, true);
            }
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(|| misspelt(text))?;
            let (number, tail) = rest.split_at(digits);
            let unit = tail.chars().next().ok_or_else(|| misspelt(text))?;
            let order =
                amounts.order_of(unit).filter(|&order| order > place && digits > 0).ok_or_else(|| misspelt(text))?;
            // Only digits are left in `number`, so the one thing that can go wrong is its size.
            let number = number.parse().map_err(|_| overflow())?;
            amounts.add(unit, number).ok_or_else(overflow)?;
            (rest, place) = (&tail[unit.len_utf8()..], order);
        }
        Ok(amounts)
    }

    /// Units come in the order Y M W D, then after the T, H M S.
    fn order_of(&self, unit: char) -> Option<usize> {
        match (self.has_time, unit) {
            (false, 'Y') => Some(1),
            (false, 'M') => Some(2),
            (false, 'W') => Some(3),
            (false, 'D') => Some(4),
            (true, 'H') => Some(5),
            (true, 'M') => Some(6),
            (true, 'S') => Some(7),
            _ => None,
        }
    }

    fn add(&mut self, unit: char, number: u64) -> Option<()> {
        let (sum, factor, longest) = match (self.has_time, unit) {
            (false, 'Y') => (&mut self.months, 12, LONGEST_MONTHS),
            (false, 'M') => (&mut self.months, 1, LONGEST_MONTHS),
            (false, 'W') => (&mut self.days, 7, LONGEST_DAYS),
            (false, _) => (&mut self.days, 1, LONGEST_DAYS),
            (true, 'H') => (&mut self.seconds, 3_600, LONGEST_SECONDS),
            (true, 'M') => (&mut self.seconds, 60, LONGEST_SECONDS),
            (true, _) => (&mut self.seconds, 1, LONGEST_SECONDS),
        };
        self.has_months |= !self.has_time && matches!(unit, 'Y' | 'M');
        *sum = number.checked_mul(factor)?.checked_add(*sum).filter(|sum| *sum <= longest)?;
        Some(())
    }

    fn keep(self, text: &str) -> Result<Keep, PeriodError> {
        if self.has_time && self.has_months {
            return Err(PeriodError::Mixed(text.to_owned()));
        }
        if self.months + self.days + self.seconds == 0 {
            return Err(PeriodError::Zero(text.to_owned()));
        }
        let overflow = || PeriodError::Overflow(text.to_owned());
        if self.has_time {
            let seconds = self.days * SECONDS_A_DAY + self.seconds;
            let seconds = i64::try_from(seconds).ok().filter(|_| seconds <= LONGEST_SECONDS).ok_or_else(overflow)?;
            return Ok(Keep::Exact { seconds });
        }
        let months = u32::try_from(self.months).map_err(|_| overflow())?;
        let days = u32::try_from(self.days).map_err(|_| overflow())?;
        Ok(Keep::Civil(Period { months, days }))
    }
}

/// Guesses what was meant, for the slips that people make.
fn misspelt(text: &str) -> PeriodError {
    let tidy: String = text.trim().to_ascii_uppercase().replace([' ', '_'], "");
    let guesses = [
        tidy.clone(),
        format!("P{tidy}"),
        tidy.replace('A', "Y").replace('J', "D"),
        format!("P{}", tidy.replace('A', "Y").replace('J', "D")),
        format!("PT{}", tidy.trim_start_matches('P')),
    ];
    let meant = match tidy.as_str() {
        "888" | "999" => Some(
            "the event that ends the active period as `trigger` (888 and 999 say that there is one, not which), and no `active`"
                .to_owned(),
        ),
        "IMMEDIATE" | "IMMEDIATELY" | "NOW" => Some("\"immediate\"".to_owned()),
        digits if digits.parse::<u64>().is_ok() => Some(format!("\"P{digits}D\" if days are meant")),
        _ => guesses.iter().find(|guess| read_again(guess, text)).map(|guess| format!("\"{guess}\"")),
    };
    PeriodError::Misspelt { text: text.to_owned(), meant }
}

/// A guess must differ from what was misspelt, or it would be guessed for ever.
fn read_again(guess: &str, text: &str) -> bool {
    guess != text && is_plain(guess) && guess.parse::<Keep>().is_ok()
}

/// `P`, perhaps `T`, digits and one unit: the only form that is worth guessing.
fn is_plain(guess: &str) -> bool {
    let Some(body) = guess.strip_prefix('P') else { return false };
    let (body, units) = body.strip_prefix('T').map_or((body, "YMWD"), |body| (body, "HMS"));
    let digits = body.trim_end_matches(|c| units.contains(c));
    body.len() == digits.len() + 1 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl Period {
    /// Both, one after the other, as one period (`active` and `semi_active`).
    ///
    /// `None` where the sum is longer than any period may be.
    pub fn plus(self, other: Self) -> Option<Self> {
        let months = self.months.checked_add(other.months).filter(|months| u64::from(*months) <= LONGEST_MONTHS)?;
        let days = self.days.checked_add(other.days).filter(|days| u64::from(*days) <= LONGEST_DAYS)?;
        Some(Self { months, days })
    }
}

/// ISO 8601; whole years as years, else months (`P2Y`, `P18M`, `P1Y30D`).
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P")?;
        match self.months {
            0 => {}
            months if months % 12 == 0 => write!(f, "{}Y", months / 12)?,
            months => write!(f, "{months}M")?,
        }
        if self.days > 0 { write!(f, "{}D", self.days) } else { Ok(()) }
    }
}

/// ISO 8601, in the largest unit that divides it (`PT24H`), or `immediate`. What it writes, it reads back as the same
/// period.
impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Immediate => f.write_str("immediate"),
            Self::Civil(period) => period.fmt(f),
            Self::Exact { seconds } if seconds % 3_600 == 0 => write!(f, "PT{}H", seconds / 3_600),
            Self::Exact { seconds } if seconds % 60 == 0 => write!(f, "PT{}M", seconds / 60),
            Self::Exact { seconds } => write!(f, "PT{seconds}S"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn civil(months: u32, days: u32) -> Result<Keep, PeriodError> {
        Ok(Keep::Civil(Period { months, days }))
    }

    fn code(text: &str) -> &'static str {
        text.parse::<Keep>().map_or_else(|error| error.code(), |_| "accepted")
    }

    #[test]
    fn periods_are_read() {
        assert_eq!("P1Y".parse(), civil(12, 0));
        assert_eq!("P24M".parse(), civil(24, 0));
        assert_eq!("P1Y6M2W3D".parse(), civil(18, 17));
        assert_eq!("P1000Y".parse(), civil(12_000, 0));
        assert_eq!("PT24H".parse(), Ok(Keep::Exact { seconds: 86_400 }));
        assert_eq!("P1DT1M1S".parse(), Ok(Keep::Exact { seconds: 86_461 }));
        assert_eq!("P0Y1D".parse(), civil(0, 1));
        assert_eq!("immediate".parse(), Ok(Keep::Immediate));
    }

    #[test]
    fn what_is_no_period_is_refused_by_its_kind() {
        for (kind, texts) in [
            ("period-empty", &["", " ", "P", "PT"][..]),
            ("period-zero", &["P0D", "PT0S", "P0Y0M", "P0DT0H"]),
            ("period-negative", &["-P1Y", "P-1Y", "P1Y-6M", "PT-1S"]),
            ("period-overflow", &["P1001Y", "P12001M", "P999999999999999999999Y", "PT99999999999999H", "P366001D"]),
            ("period-mixed", &["P1YT1H", "P1MT1S", "P0YT1H"]),
            (
                "period-misspelt",
                &[
                    "1Y", "P1", "PT1 ", "P1 ", "PY", "P1A", "p1y", "P1,5Y", "P1.5Y", "P1M1Y", "P1D1W", "P1Y1Y", "PT1D",
                    "PTT1H", "P1DT", "P1H", " P1Y", "NaN", "365", "888", "P١Y", "P1Y\0", "P+1Y", "one year", "T1H",
                    "PT1HT1M", "é", "Pé", "P1é",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(code(text), kind, "{text:?}");
            }
        }
    }

    #[test]
    fn the_mend_of_a_slip_is_the_period_meant() {
        let mend = |text: &str| text.parse::<Keep>().unwrap_err().mend();
        assert_eq!(mend("1Y"), "write \"P1Y\"");
        assert_eq!(mend("p1y"), "write \"P1Y\"");
        assert_eq!(mend("P2A"), "write \"P2Y\"");
        assert_eq!(mend("P30J"), "write \"P30D\"");
        assert_eq!(mend("P12H"), "write \"PT12H\"");
        assert_eq!(mend("365"), "write \"P365D\" if days are meant");
        assert!(mend("888").contains("trigger"));
        assert!(mend("-P1Y").contains("\"P1Y\""));
        assert!(mend("P0D").contains("\"immediate\""));
        assert!(mend("next week").contains("ISO 8601"));
    }

    proptest! {
        #[test]
        fn a_period_survives_its_text(months in 0u32..=12_000, days in 0u32..=366_000, seconds in 1i64..=31_622_400_000) {
            prop_assume!(months + days > 0);
            for keep in [Keep::Civil(Period { months, days }), Keep::Exact { seconds }, Keep::Immediate] {
                prop_assert_eq!(keep.to_string().parse(), Ok(keep));
            }
        }

        #[test]
        fn no_text_makes_the_reader_stumble(text in "\\PC{0,12}|[PT0-9YMWDHS-]{0,12}") {
            if let Err(error) = text.parse::<Keep>() {
                prop_assert!(!error.mend().is_empty());
            }
        }
    }
}
