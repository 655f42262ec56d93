//! Examples that travel with the rules (`tests:`): what is given, what is expected, and whether the rules do that.

mod given;
mod shown;
mod trial;

pub use given::{Given, GivenRun};
pub use shown::{Param, ParamShape, params_of};
pub use trial::{Got, Trial, try_out};

use crate::model::{ActionKind, RuleName};

/// One example.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What it shows, unique in the file.
    pub name: String,
    /// Its line in the file.
    pub line: u32,
    /// What is given.
    pub given: Given,
    /// What the rules are to do.
    pub expected: Expected,
}

/// What the rules are to do: exactly this.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// The actions, in any order; none means that nothing is done.
    pub actions: Vec<Wanted>,
    /// Part of the reason that some rule gives.
    pub because: Option<String>,
    /// The rules that cannot tell, in any order.
    pub unknown: Vec<RuleName>,
}

/// An action that is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Of which rule.
    pub rule: RuleName,
    /// What it does.
    pub kind: ActionKind,
    /// To which of the given runs.
    pub run: Option<String>,
    /// How often.
    pub times: u32,
    /// What else is asked of it; what is not said may be anything.
    pub params: Vec<(&'static str, Param)>,
}
