//! The copy of the helper that root runs: where it lies, and that it goes as soon as it runs.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Root's own folder, which nobody else may enter. Not the link `/var`.
pub const ROOTS_FOLDER: &str = "/private/var/root";

/// What the names of the fresh folders begin with.
pub const FOLDER_PREFIX: &str = "crow.";

/// What the copy is called.
pub const NAME: &str = "crow-helper";

/// The folder of the copy, if the program at `program` is one: `<folder>/crow.<random>/crow-helper`, and nothing
/// else. So an installed helper never removes itself.
#[must_use]
pub fn folder_of<'a>(program: &'a Path, roots_folder: &Path) -> Option<&'a Path> {
    let folder = program.parent()?;
    let is_random = |name: &OsStr| {
        let random = name.as_bytes().strip_prefix(FOLDER_PREFIX.as_bytes());
        random.is_some_and(|random| !random.is_empty() && random.iter().all(u8::is_ascii_alphanumeric))
    };
    let is_copy = program.file_name() == Some(OsStr::new(NAME))
        && folder.file_name().is_some_and(is_random)
        && folder.parent() == Some(roots_folder);
    is_copy.then_some(folder)
}

/// Removes the running program and its folder if it is a copy. Its memory stays: the system keeps the
/// file's contents until the process ends.
///
/// # Errors
///
/// When the system refuses; then two small entries stay in root's folder.
pub fn remove(program: &Path, roots_folder: &Path) -> io::Result<()> {
    let Some(folder) = folder_of(program, roots_folder) else { return Ok(()) };
    fs::remove_file(program)?;
    fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn only_a_copy_is_one() {
        let root = Path::new(ROOTS_FOLDER);
        let copy = Path::new("/private/var/root/crow.a8Xk02Zq/crow-helper");
        assert_eq!(folder_of(copy, root), copy.parent());
        for other in [
            "/Applications/Crow.app/Contents/MacOS/crow-helper",
            "/private/var/root/crow-helper",
            "/private/var/root/crow./crow-helper",
            "/private/var/root/crow.a.b/crow-helper",
            "/private/var/root/crow.ab/other",
            "/private/var/root/x/crow.ab/crow-helper",
            "/private/var/root/../crow.ab/crow-helper",
            "/var/root/crow.ab/crow-helper",
            "crow.ab/crow-helper",
            "/",
            "",
        ] {
            assert_eq!(folder_of(Path::new(other), root), None, "{other}");
        }
    }

    #[test]
    fn the_copy_goes_with_its_folder_and_an_installed_program_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("crow.a1");
        fs::create_dir(&folder).unwrap();
        for (name, is_left) in [("crow-helper", false), ("other", true)] {
            fs::create_dir_all(&folder).unwrap();
            let program = folder.join(name);
            fs::write(&program, "x").unwrap();
            remove(&program, root.path()).unwrap();
            assert_eq!(program.exists(), is_left, "{name}");
            assert_eq!(folder.exists(), is_left, "{name}");
        }
    }
}
