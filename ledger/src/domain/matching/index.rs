//! Places in lists as four bytes, which is half of what a million of them would take otherwise.

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// What stands at a place.
pub(super) fn at<T>(list: &[T], place: u32) -> Option<&T> {
    list.get(usize::try_from(place).ok()?)
}

/// What stands at a place, to change it.
pub(super) fn at_mut<T>(list: &mut [T], place: u32) -> Option<&mut T> {
    list.get_mut(usize::try_from(place).ok()?)
}

/// The place that the next entry of a list gets. Four billion entries do not fit in memory.
pub(super) fn next_place<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(NONE)
}

/// The places of a list.
pub(super) fn places<T>(list: &[T]) -> std::ops::Range<u32> {
    0..next_place(list)
}
