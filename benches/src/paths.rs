//! The hot paths by topic.

mod decode;
mod delta;
mod encode;
mod feed;
mod inbox;
mod limits;
mod recovery;
mod session;
mod token;
mod wheel;

use crate::path::Path;

pub(crate) const ALL: [&[Path]; 10] = [
    &decode::PATHS,
    &token::PATHS,
    &limits::PATHS,
    &session::PATHS,
    &inbox::PATHS,
    &feed::PATHS,
    &recovery::PATHS,
    &delta::PATHS,
    &encode::PATHS,
    &wheel::PATHS,
];
