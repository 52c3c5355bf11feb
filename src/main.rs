//! The program: arguments, then the window or the headless printer.

use clap::Parser;

fn main() -> std::process::ExitCode {
    let cli = crow::cli::Cli::parse();
    match crow::headless::run::run(&cli) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("crow: {err}");
            std::process::ExitCode::FAILURE
        }
    }
}
