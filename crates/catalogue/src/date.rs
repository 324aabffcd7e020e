//! Dates as far as they are known.

use creance_model::Timestamp;
use std::fmt;

/// A date of which the month or the day may not be known: `2020`, `2020-07` or `2020-07-23`
/// (proleptic Gregorian, UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    year: u16,
    /// 1 to 12; 0 where not known.
    month: u8,
    /// 1 to 31; 0 where not known.
    day: u8,
}

/// A text that is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no date; write `2020`, `2020-07` or `2020-07-23`, as far as it is known")]
pub struct DateError(String);

impl Date {
    /// The day of a moment, in UTC. Years before 1970 become 1970, years after 9999 become 9999.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to four-digit years, and months and days are small"
    )]
    pub fn of(moment: Timestamp) -> Self {
        // Days to civil date by counting from 0000-03-01, so that the leap day ends a year.
        let days = moment.seconds().div_euclid(86_400) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year: year.clamp(1970, 9999) as u16, month: month as u8, day: day as u8 }
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The months from the last month that this date can mean to the first that `later` can
    /// mean; zero where `later` is not later for certain.
    #[must_use]
    pub fn months_until(self, later: Self) -> u32 {
        let from = u32::from(self.year) * 12 + u32::from(month_or(self.month, 12));
        let to = u32::from(later.year) * 12 + u32::from(month_or(later.month, 1));
        to.saturating_sub(from)
    }

    /// Whether this date is before `other` for certain, whatever the unknown parts are.
    #[must_use]
    pub fn is_before(self, other: Self) -> bool {
        let latest = (self.year, month_or(self.month, 12), month_or(self.day, 31));
        let earliest = (other.year, month_or(other.month, 1), month_or(other.day, 1));
        latest < earliest
    }
}

const fn month_or(known: u8, unknown: u8) -> u8 {
    if known == 0 { unknown } else { known }
}

impl std::str::FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let error = || DateError(text.chars().take(80).collect());
        let number = |part: &str, digits: usize| {
            (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let small = |part: Option<&str>, max: u8| match part {
            None => Some(0),
            Some(part) => {
                number(part, 2).and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=max).contains(n))
            }
        };
        let mut parts = text.split('-');
        let year = parts.next().and_then(|part| number(part, 4));
        let month = small(parts.next(), 12).ok_or_else(error)?;
        let year = year.filter(|y| *y >= 1970).ok_or_else(error)?;
        let day = small(parts.next(), days_in(year, month)).ok_or_else(error)?;
        if parts.next().is_some() {
            return Err(error());
        }
        Ok(Self { year, month, day })
    }
}

const fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_far_as_known_and_no_further() {
        for text in ["2020", "2020-07", "2020-02-29", "1970-01-01"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "20",
            "02020",
            "2020-13",
            "2020-00",
            "2020-1",
            "2021-02-29",
            "2020-04-31",
            "2020-01-01-01",
            "1969",
            "+202",
            "2020-+1",
            "2020-01-00",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn moments_become_days() {
        for (seconds, text) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
        ] {
            assert_eq!(Date::of(Timestamp::from_seconds(seconds, 0)).to_string(), text);
        }
        assert_eq!(Date::of(Timestamp(i64::MIN)).year(), 1970);
        assert_eq!(Date::of(Timestamp(i64::MAX)).year(), 2262);
    }

    #[test]
    fn unknown_parts_make_no_date_older_than_it_may_be() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(date("2020").months_until(date("2021")), 1);
        assert_eq!(date("2020-01").months_until(date("2021-03")), 14);
        assert_eq!(date("2021").months_until(date("2020")), 0);
        assert!(date("2019").is_before(date("2020")));
        assert!(!date("2020").is_before(date("2020-05")));
        assert!(date("2020-04-30").is_before(date("2020-05")));
    }
}
