//! The command line: what may be asked, checked before anything starts.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Which app is using the network, with whom, and how much?
#[derive(Clone, Debug, Parser)]
#[command(name = "crow", version, max_term_width = 100)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own on the command line")]
pub struct Cli {
    /// Show only processes whose name or app contains this
    pub process: Option<String>,

    /// Capture on this interface only [default: all]
    #[arg(short, long, value_name = "NAME", conflicts_with = "replay")]
    pub interface: Option<String>,

    /// Read a pcap or pcapng recording instead of the network
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,

    /// No window: print a table to standard output
    #[arg(long)]
    pub headless: bool,

    /// With --headless: one JSON document a line
    #[arg(long, requires = "headless")]
    pub json: bool,

    /// Time between prints [default: 1]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "headless")]
    pub interval: Option<Duration>,

    /// Look whether all that Crow needs works here, and print a report for an issue
    #[arg(long, conflicts_with_all = ["process", "interface", "replay", "headless"])]
    pub self_check: bool,

    /// Start in the menu bar or tray, without a window: what "Open at login" does
    #[arg(long, conflicts_with_all = ["headless", "self_check"])]
    pub hidden: bool,

    /// Stop after this long
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub duration: Option<Duration>,
}

/// Reads a span of at least 50 ms (the tick of the meter) and at most a year.
fn seconds(text: &str) -> Result<Duration, String> {
    const LONGEST: f64 = 366.0 * 86_400.0;
    match text.parse::<f64>() {
        Ok(seconds) if (0.05..=LONGEST).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        Ok(_) => Err("give a number of seconds from 0.05 to a year".to_owned()),
        Err(_) => Err("give a number of seconds, such as 1 or 0.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use clap::error::ErrorKind;

    fn parse(arguments: &[&str]) -> Result<Cli, ErrorKind> {
        Cli::try_parse_from([&["crow"], arguments].concat()).map_err(|err| err.kind())
    }

    #[test]
    fn the_contract_is_understood() {
        let cli = parse(&["--headless", "--json", "--interval", "0.5", "-i", "eth0", "curl"]);
        let cli = cli.expect("a valid command line");
        assert_eq!(cli.process.as_deref(), Some("curl"));
        assert_eq!(cli.interface.as_deref(), Some("eth0"));
        assert_eq!(cli.interval, Some(Duration::from_millis(500)));
        assert!(cli.headless && cli.json && cli.replay.is_none() && cli.duration.is_none());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        #[rustfmt::skip]
        let cases: [(&[&str], ErrorKind); 8] = [
            (&["--json"], ErrorKind::MissingRequiredArgument),
            (&["--interval", "1"], ErrorKind::MissingRequiredArgument),
            (&["--headless", "--interval", "0"], ErrorKind::ValueValidation),
            (&["--headless", "--interval", "nan"], ErrorKind::ValueValidation),
            (&["--duration", "-1"], ErrorKind::UnknownArgument),
            (&["--duration", "1e99"], ErrorKind::ValueValidation),
            (&["--replay", "a", "-i", "eth0"], ErrorKind::ArgumentConflict),
            (&["one", "two"], ErrorKind::UnknownArgument),
        ];
        for (arguments, expected) in cases {
            assert_eq!(parse(arguments).err(), Some(expected), "{arguments:?}");
        }
    }
}
