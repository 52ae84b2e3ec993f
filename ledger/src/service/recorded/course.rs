//! The course of recorded time: what a clock's readings mean, given what was recorded before. No clock
//! is read here.

/// How far a clock may step while the service runs.
const MOST_STEP_MILLIS: u64 = 10_000;

/// Milliseconds on three scales: a base clock's (since 1970), which may be set; the machine's uptime, which only
/// grows, also while it sleeps; and recorded time (since 1970), which only grows too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// The base clock less the uptime, when they were last seen to agree.
    offset: i64,
    stepped: bool,
    /// Where the course began behind what was recorded: recorded time and base clock then.
    late: Option<(i64, i64)>,
    last: i64,
}

impl Course {
    /// A course that begins at a reading of the base clock; it goes on from what was `recorded` last.
    pub(super) fn begin((base, uptime): (i64, i64), recorded: i64) -> Self {
        Self {
            offset: base.saturating_sub(uptime),
            stepped: false,
            late: (base < recorded).then_some((recorded, base)),
            last: recorded,
        }
    }

    /// Takes a reading of the base clock. One that disagrees with the uptime is not followed.
    pub(super) fn follow(&mut self, base: i64, uptime: i64) {
        self.stepped = !self.agrees(base, uptime);
        if !self.stepped {
            self.offset = base.saturating_sub(uptime);
        }
    }

    /// Whether a reading of the base clock is about what the uptime makes one expect.
    pub(super) fn agrees(&self, base: i64, uptime: i64) -> bool {
        base.abs_diff(self.base_at(uptime)) <= MOST_STEP_MILLIS
    }

    /// The base clock as it would be now if nobody had set it.
    pub(super) const fn base_at(&self, uptime: i64) -> i64 {
        uptime.saturating_add(self.offset)
    }

    /// Whether the base clock was set, and does not yet agree again.
    pub(super) const fn has_stepped(&self) -> bool {
        self.stepped
    }

    /// Whether recorded time goes at half pace, because the base clock is behind it.
    pub(super) const fn is_late(&self) -> bool {
        self.late.is_some()
    }

    /// The time to be recorded where the base clock shows `base`: never before what was recorded. A clock
    /// that is behind is let catch up.
    pub(super) fn record(&mut self, base: i64) -> i64 {
        let paced = match self.late {
            Some((recorded, from)) => {
                let passed = base.saturating_sub(from).max(0).div_euclid(2);
                let slow = recorded.saturating_add(passed);
                if base >= slow {
                    self.late = None;
                }
                base.max(slow)
            }
            None => base,
        };
        self.last = self.last.max(paced);
        self.last
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn a_clock_that_is_right_is_recorded_as_it_is() {
        let mut course = Course::begin((7 * DAY, 5), 7 * DAY - 3);
        assert!(!course.is_late());
        for passed in [0, 1, 1, 500] {
            course.follow(7 * DAY + passed, 5 + passed);
            assert_eq!(course.record(course.base_at(5 + passed)), 7 * DAY + passed);
        }
    }

    #[test]
    fn a_start_behind_goes_on_at_half_pace_until_the_clock_has_caught_up() {
        let recorded = 9 * DAY;
        let mut course = Course::begin((8 * DAY, 0), recorded);
        assert!(course.is_late());
        for hours in 0..=60 {
            let base = 8 * DAY + hours * HOUR;
            let expected = base.max(recorded + hours * HOUR / 2);
            assert_eq!(course.record(base), expected, "after {hours} h");
            assert_eq!(course.is_late(), hours < 48, "after {hours} h");
        }
    }

    #[test]
    fn a_step_is_not_followed_and_the_uptime_goes_on() {
        let mut course = Course::begin((DAY, 0), 0);
        course.follow(2 * DAY, 1000);
        assert!(course.has_stepped());
        assert_eq!(course.record(course.base_at(1000)), DAY + 1000);
        // It agrees again once it is set right.
        course.follow(DAY + 2000, 2000);
        assert!(!course.has_stepped());
        // Small steps are those of a clock that is kept right.
        course.follow(DAY + 3000 + 9999, 3000);
        assert!(!course.has_stepped());
        course.follow(DAY + 4000, 4000);
        assert!(!course.has_stepped());
    }

    proptest! {
        #[test]
        fn recorded_time_never_goes_back_whatever_the_clock_does(
            behind in -DAY..2 * DAY,
            readings in proptest::collection::vec((-20_000_i64..20_000, 0_i64..60_000), 1..200),
        ) {
            let mut uptime = 0;
            let mut wall = 100 * DAY;
            let mut course = Course::begin((wall, uptime), wall + behind);
            let mut last = wall + behind;
            for (step, passed) in readings {
                uptime += passed;
                wall += passed + step;
                course.follow(wall, uptime);
                let now = course.record(course.base_at(uptime));
                prop_assert!(now >= last);
                last = now;
            }
            // Nor does it stand still for long.
            prop_assert!(course.record(course.base_at(uptime + 2 * DAY)) > last);
        }
    }
}
