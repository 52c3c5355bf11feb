//! Where the system keeps the programs that Crow asks for something.

use std::path::{Path, PathBuf};

/// The folders that only root can fill: Debian's and its like's, what was installed by hand, and `NixOS`'s two.
const FOLDERS: [&str; 5] =
    ["/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin", "/run/current-system/sw/bin"];

/// The system's own program of that name; `None` when there is none.
///
/// Not looked for along `PATH`, where anything can stand first: what asks for a password, or is believed, must be
/// the system's own.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_the_system_keeps_it_and_nowhere_else() {
        assert!(find("sh").is_some_and(|path| path.ends_with("bin/sh") && path.is_absolute()));
        assert_eq!(find("crow-no-such-program"), None);
    }
}
