//! What the commands share in showing things: printing, colours, tables, times, words, and the shapes of `--json`.

mod actions;
mod after;
mod jobs;
mod ledger;
mod out;
mod paint;
#[cfg(test)]
pub(super) mod samples;
mod table;
mod time;
mod views;
mod words;

pub(super) use actions::{ActionView, PlanView};
pub(super) use after::{After, Aftermath};
pub(super) use jobs::JobView;
pub(super) use ledger::path_of_ledger;
pub(super) use out::{clean, not_usable, print, print_json, refused};
pub(super) use paint::{Paint, Tone};
pub(super) use table::table;
pub(super) use time::{At, moment};
pub(super) use views::{EntryView, FactsView, RunView};
pub(super) use words::{tone_of, what_it_does};
