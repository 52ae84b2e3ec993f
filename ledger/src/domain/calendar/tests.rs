//! Instants, dates and periods: written, read and reckoned with.

use super::*;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn a_date_and_a_period_survive_their_numbers() {
    for text in ["2018-09-03", "2020-02-29", "2099-12-31"] {
        assert_eq!(Date::from_number(date(text).as_number()), Ok(date(text)));
        let period = date(text).period();
        assert_eq!(Period::from_number(period.as_number()), Ok(period));
    }
    assert!(Date::from_number(20_180_230).is_err());
    assert!(Period::from_number(201_813).is_err());
    assert!("2018-9-3".parse::<Date>().is_err());
    assert!("2018-00".parse::<Period>().is_err());
}

#[test]
fn times_and_dates_are_written_as_the_calendar_library_writes_them() {
    for millis in [0, 1, 999, 1_535_943_600_007, 4_102_444_799_999, -1, -62_135_596_800_000] {
        let expected = Instant(millis).utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        assert_eq!(Instant(millis).rfc3339(), expected);
    }
    for text in ["0001-01-01", "2018-09-03", "9999-12-31"] {
        assert_eq!(date(text).to_string(), text);
        assert_eq!(format!("{:>12}", date(text)), format!("  {text}"));
    }
    assert_eq!(Date(NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap()).to_string(), "+10000-01-01");
}

#[test]
fn a_purchase_just_after_midnight_in_the_east_belongs_to_the_banks_day_before() {
    let now: Instant = "2018-08-31T15:30:00Z".parse().unwrap();
    assert_eq!(Date(now.date_in(Zone::Wit)), date("2018-09-01"));
    let never = CutOff::from_minute(1440).unwrap();
    assert_eq!(business_date(now, never, date("2018-08-01")), date("2018-08-31"));
    assert_eq!(business_date(now, CutOff::DEFAULT, date("2018-08-01")), date("2018-09-01"));
}

#[test]
fn a_closed_day_takes_nothing_more() {
    let now: Instant = "2018-09-03T03:00:00Z".parse().unwrap();
    assert_eq!(business_date(now, CutOff::DEFAULT, date("2018-09-04")), date("2018-09-04"));
}
