//! The documents agree with the code.
