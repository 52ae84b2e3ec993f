//! PINs that many people choose, and that a finder of a card therefore tries first.

use super::calendar::Date;

/// PINs that people choose and no pattern here covers: shapes on the keypad, and counting by twos.
const OTHERS: [&[u8; 6]; 10] = [
    b"246810", b"159753", b"753159", b"159357", b"357159", b"951753", b"753951", b"147369",
    b"369147", b"142536",
];

/// Whether a PIN has a pattern that people choose: nearly all one digit, a repeat, pairs, the same
/// forwards and backwards, steps, three counted numbers, halves that are runs or columns of the keypad,
/// a date; or is one of [`OTHERS`].
pub(super) fn is_often_chosen(digits: [u8; 6]) -> bool {
    let pin = digits.map(|digit| digit.saturating_sub(b'0').min(9));
    nearly_one_digit(pin)
        || repeats(pin)
        || is_pairs(pin)
        || is_palindrome(pin)
        || has_even_steps(pin)
        || is_counted(pin)
        || has_keypad_halves(pin)
        || is_date(pin)
        || OTHERS.contains(&&digits)
}

/// 000001: five of a digit.
fn nearly_one_digit(pin: [u8; 6]) -> bool {
    pin.iter().any(|digit| pin.iter().filter(|other| *other != digit).count() <= 1)
}

/// 111111, 121212, 123123: one, two or three digits again and again.
fn repeats(pin: [u8; 6]) -> bool {
    (1..=3).any(|period| pin.iter().zip(pin.iter().skip(period)).all(|(one, later)| one == later))
}

/// 112233: three pairs.
fn is_pairs([one, two, three, four, five, six]: [u8; 6]) -> bool {
    one == two && three == four && five == six
}

/// 123321.
fn is_palindrome([one, two, three, four, five, six]: [u8; 6]) -> bool {
    one == six && two == five && three == four
}

/// How far it is from a digit up to the next, 9 being followed by 0.
fn step(from: u8, to: u8) -> u8 {
    to.saturating_add(10).saturating_sub(from) % 10
}

/// 123456, 987654, 890123, 135791: always the same step.
fn has_even_steps(pin: [u8; 6]) -> bool {
    let mut steps = pin.iter().zip(pin.iter().skip(1)).map(|(from, to)| step(*from, *to));
    let first = steps.next();
    steps.all(|later| Some(later) == first)
}

/// 121314, 102030, 302010: three numbers of two digits, always the same step up or down.
fn is_counted([one, two, three, four, five, six]: [u8; 6]) -> bool {
    (step(one, three), step(two, four)) == (step(three, five), step(four, six))
        && (one == three || two == four || step(one, three) == step(two, four))
}

/// 123789, 456654, 147258, 111222: two halves, each a digit three times, a run or a column of the
/// keypad.
fn has_keypad_halves([one, two, three, four, five, six]: [u8; 6]) -> bool {
    let half = |first, second, third| {
        let steps = (step(first, second), step(second, third));
        steps.0 == steps.1 && matches!(steps.0, 0 | 1 | 3 | 7 | 9)
    };
    half(one, two, three) && half(four, five, six)
}

/// 170845, 450817: day, month, year, or the other way round; in any century.
fn is_date([one, two, three, four, five, six]: [u8; 6]) -> bool {
    let pair = |tens: u8, ones: u8| i32::from(tens).saturating_mul(10).saturating_add(ones.into());
    let (first, middle, last) = (pair(one, two), pair(three, four), pair(five, six));
    // Every day there is in a leap year, as 2000 was.
    let exists = |day: i32| {
        let date = middle.saturating_mul(100).saturating_add(day);
        Date::from_number(20_000_000_i32.saturating_add(date)).is_ok()
    };
    exists(first) || exists(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn often(pin: &str) -> bool {
        is_often_chosen(pin.as_bytes().try_into().unwrap())
    }

    #[test]
    fn what_many_people_choose_is_known() {
        for pin in [
            // Nearly all one digit, repeats, pairs, palindromes.
            "000000", "000001", "100000", "001000", "777707", "121212", "909090", "123123",
            "505505", "112233", "998877", "111222", "115599", "123321", "120021",
            // Steps, also over 9.
            "123456", "654321", "890123", "210987", "135791", "246802", "975319",
            // Counted.
            "121314", "102030", "302010", "203040", "142434", "112131", // Others.
            "246810", "159753", "142536", // Halves of the keypad.
            "123789", "456123", "321654", "147258", "258369", "963852", "147741",
            // Dates.
            "170845", "450817", "311299", "290200", "010170",
        ] {
            assert!(often(pin), "{pin}");
        }
        for pin in ["271828", "314159", "320145", "304070", "482915", "902714", "661990"] {
            assert!(!often(pin), "{pin}");
        }
    }

    #[test]
    fn most_pins_are_left_to_choose_from() {
        let weak = (0..1_000_000).filter(|pin| often(&format!("{pin:06}"))).count();
        assert!((60_000..90_000).contains(&weak), "{weak}");
    }

    proptest! {
        #[test]
        fn every_repeat_pair_and_palindrome_is_weak(a in 0..10, b in 0..10, c in 0..10) {
            for pin in [
                format!("{a}{b}{a}{b}{a}{b}"),
                format!("{a}{b}{c}{a}{b}{c}"),
                format!("{a}{a}{b}{b}{c}{c}"),
                format!("{a}{a}{a}{b}{b}{b}"),
                format!("{a}{b}{c}{c}{b}{a}"),
            ] {
                prop_assert!(often(&pin), "{pin}");
            }
        }

        #[test]
        fn every_run_up_or_down_is_weak(first in 0_u32..10, step in 0_u32..10) {
            let pin: String = (0_u32..6)
                .map(|nth| (nth.wrapping_mul(step).wrapping_add(first) % 10).to_string())
                .collect();
            prop_assert!(often(&pin), "{pin}");
        }

        #[test]
        fn one_other_digit_among_equal_ones_is_weak(digit in 0..10, other in 0..10, place in 0_usize..6) {
            let mut digits = [digit; 6];
            digits[place] = other;
            let pin: String = digits.iter().map(ToString::to_string).collect();
            prop_assert!(often(&pin), "{pin}");
        }

        #[test]
        fn every_day_of_the_last_centuries_is_weak(year in 0..100, month in 1..=12, day in 1..=28) {
            for (first, last) in [(day, year), (year, day)] {
                let pin = format!("{first:02}{month:02}{last:02}");
                prop_assert!(often(&pin), "{pin}");
            }
        }
    }
}
