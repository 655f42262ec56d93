//! Finding the ledger for a command that only reads.

use std::path::{Path, PathBuf};

use crate::{cli::load, config::Problems};

/// The ledger's path: as given, or else as the configuration says.
///
/// # Errors
/// When no path is given and the configuration is not usable.
pub(in crate::cli) fn path_of_ledger(config: &Path, database: Option<&Path>) -> Result<PathBuf, Problems> {
    match database {
        Some(path) => Ok(path.to_owned()),
        None => load::config_without_secrets(config).map(|loaded| loaded.config.database.path),
    }
}
