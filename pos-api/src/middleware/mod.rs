//! What happens around every handler: what every answer carries, what is counted, what is noted.

mod answers;
mod resource;
mod unread;

pub(crate) use answers::answer;
pub(crate) use resource::resource;
