//! Shows a file in the system's file manager.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// Why a file was not shown. Each message is one sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevealError {
    /// It is gone, or it is in a place that Crow may not look into.
    #[error("{} is not there any more, or Crow may not look into its folder", .0.display())]
    Missing(PathBuf),
    /// There is nothing to show it with.
    #[error("there is no file manager that Crow could ask to show {} ({source})", path.display())]
    NoManager {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Shows `path` in the file manager, selected where the file manager can do that. Blocks for seconds at most.
///
/// # Errors
///
/// [`RevealError`].
pub fn reveal(path: &Path) -> Result<(), RevealError> {
    if !path.exists() {
        return Err(RevealError::Missing(path.to_owned()));
    }
    #[cfg(all(target_os = "linux", feature = "window"))]
    match super::linux::file_manager::show_item(path) {
        Ok(()) => return Ok(()),
        Err(err) => tracing::debug!("no file manager on the session bus: {err}"),
    }
    open(path).map_err(|source| RevealError::NoManager { path: path.to_owned(), source })
}

/// Selects the file in Finder.
#[cfg(target_os = "macos")]
fn open(path: &Path) -> io::Result<()> {
    run(Command::new("/usr/bin/open").arg("-R").arg(path))
}

/// Opens its folder with what the desktop has for folders.
#[cfg(not(target_os = "macos"))]
fn open(path: &Path) -> io::Result<()> {
    let opener = super::programs::find("xdg-open").ok_or(io::ErrorKind::NotFound)?;
    run(Command::new(opener).arg(path.parent().unwrap_or(path)))
}

/// Starts a program that is not waited for but by a thread of its own.
fn run(command: &mut Command) -> io::Result<()> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    thread::Builder::new().name("file-manager".to_owned()).spawn(move || child.wait())?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_shown() {
        let err = reveal(Path::new("/no such folder/no such program")).unwrap_err();
        assert!(matches!(err, RevealError::Missing(_)), "{err}");
        assert!(err.to_string().starts_with("/no such folder/no such program is not there"), "{err}");
    }
}
