//! Crashes of the real binary.
