//! Judging anew: what `replay` and `try` share.

mod judged;
mod sums;
mod tally;

pub(super) use judged::Judged;
pub(super) use sums::{Ends, counted, more, shown};
pub(super) use tally::Planned;
