//! The point-of-sale API.
fn main() {}
