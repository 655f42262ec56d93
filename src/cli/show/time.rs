//! Times: in UTC for people, RFC 3339 for machines.

use serde::{Serialize, Serializer};

use crate::model::Timestamp;

/// `2026-11-22 15:04:05Z`.
pub(in crate::cli) fn moment(at: Timestamp) -> String {
    at.to_string().replace('T', " ")
}

/// A time that is written as RFC 3339 in JSON: `"2026-11-22T15:04:05Z"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct At(pub(in crate::cli) Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
