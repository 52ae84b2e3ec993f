//! The JSON of requests and answers, and its translation to and from the domain's types.

pub(crate) mod redemption;
