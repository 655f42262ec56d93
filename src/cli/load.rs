//! Loading the configuration for a command.

use std::path::Path;

use crate::config::{self, Loaded, Problems};

/// Loads a configuration with the process's environment.
pub(super) fn config(path: &Path) -> Result<Loaded, Problems> {
    config::load(path, &|name| std::env::var(name).ok())
}

/// Loads a configuration without its secrets, for a command that needs none.
pub(super) fn config_without_secrets(path: &Path) -> Result<Loaded, Problems> {
    config::load_without_secrets(path)
}

/// Loads a configuration with the secrets that reading from GitHub takes.
pub(super) fn config_to_read(path: &Path) -> Result<Loaded, Problems> {
    config::load_to_read(path, &|name| std::env::var(name).ok())
}
