//! The program: arguments, logs, one command, an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    runwarden::cli::main()
}
