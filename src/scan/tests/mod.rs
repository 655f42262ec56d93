//! The search as a whole: archives of all shapes, random logs against the plain way, and archives that mean harm.

mod archives;
mod hostile;
mod random;
mod zipped;

use super::Patterns;

/// Patterns that go by their own expressions.
fn patterns(expressions: &[&str]) -> Patterns {
    Patterns::new(expressions.iter().map(|expression| (*expression, *expression))).unwrap()
}
