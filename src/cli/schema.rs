//! `runwarden schema`: what an editor needs to complete and check a configuration.

use super::{Exit, show};
use crate::config;

pub(super) fn run() -> anyhow::Result<Exit> {
    show::print_json(&config::schema())?;
    Ok(Exit::Ok)
}
