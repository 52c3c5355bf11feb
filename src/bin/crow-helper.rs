//! The privileged helper: opens the capture as root, gives root up, meters, and sends events over the pipe.

use std::io::Write;
use std::process::ExitCode;

use crow::helper::run::{Arguments, run};

fn main() -> ExitCode {
    match Arguments::parse(std::env::args_os().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            // Nobody may be listening any longer, which must not become a panic.
            let _ = writeln!(std::io::stderr(), "{err}");
            ExitCode::from(err.exit_status())
        }
    }
}
