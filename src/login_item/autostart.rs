//! The desktop file in the autostart folder (freedesktop.org: Desktop Application Autostart Specification).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Error;
use crate::session::LoginItem;

/// Where the file is to be, and what it starts.
#[derive(Debug)]
pub(super) struct Place {
    file: PathBuf,
    program: PathBuf,
}

impl Place {
    /// `~/.config/autostart`, and the running program.
    pub(super) fn of_user() -> Result<Self, Error> {
        let folders = directories::BaseDirs::new();
        let folders = folders.ok_or_else(|| Error::NoPlace("this user has no home folder".to_owned()))?;
        let program = std::env::current_exe().map_err(|err| Error::NoPlace(err.to_string()))?;
        Ok(Self::new(folders.config_dir(), program))
    }

    fn new(config: &Path, program: PathBuf) -> Self {
        Self { file: config.join("autostart").join("crow.desktop"), program }
    }

    /// On if the file is there and does not say that it is off, as desktops write into it.
    pub(super) fn state(&self) -> LoginItem {
        let Ok(text) = fs::read_to_string(&self.file) else { return LoginItem::Off };
        let is_off = |line: &str| {
            let line: String = line.chars().filter(|letter| !letter.is_whitespace()).collect();
            line == "Hidden=true" || line == "X-GNOME-Autostart-enabled=false"
        };
        if text.lines().any(is_off) { LoginItem::Off } else { LoginItem::On }
    }

    /// Writes or removes the file.
    pub(super) fn set(&self, on: bool) -> Result<(), Error> {
        if !on {
            return match fs::remove_file(&self.file) {
                Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err.into()),
                _ => Ok(()),
            };
        }
        let program = self.program.to_str().and_then(quoted);
        let program = program.ok_or_else(|| {
            Error::NoPlace("the path of Crow has characters that a desktop file cannot hold".to_owned())
        })?;
        let text = format!(
            "[Desktop Entry]\nType=Application\nName=Crow\nComment=Which app is using the network\n\
             Exec={program} --hidden\nIcon=crow\nTerminal=false\n"
        );
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        // Whole or not at all: a desktop may look at any time.
        let draft = self.file.with_extension(format!("{}.new", std::process::id()));
        let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, &self.file));
        if written.is_err() {
            // The reason to tell is the first one.
            let _ = fs::remove_file(&draft);
        }
        Ok(written?)
    }
}

/// A path as the first word of `Exec` (Desktop Entry Specification, "The Exec key"): in double quotes, with `"`, `` ` ``,
/// `$` and `\` behind a backslash, each backslash doubled because the value is a string too, and `%` doubled. Control
/// characters cannot be written.
fn quoted(path: &str) -> Option<String> {
    let mut out = String::from("\"");
    for letter in path.chars() {
        match letter {
            letter if letter.is_control() => return None,
            '\\' => out.push_str(r"\\\\"),
            '"' | '`' | '$' => {
                out.push_str(r"\\");
                out.push(letter);
            }
            '%' => out.push_str("%%"),
            letter => out.push(letter),
        }
    }
    out.push('"');
    Some(out)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_and_goes_and_says_what_is_so() {
        let config = tempfile::tempdir().unwrap();
        let place = Place::new(config.path(), "/opt/Crow 2/crow".into());
        assert_eq!(place.state(), LoginItem::Off);
        place.set(false).unwrap();
        place.set(true).unwrap();
        place.set(true).unwrap();
        assert_eq!(place.state(), LoginItem::On);
        let text = fs::read_to_string(&place.file).unwrap();
        assert!(text.starts_with("[Desktop Entry]\nType=Application\nName=Crow\n"), "{text}");
        assert!(text.contains("\nExec=\"/opt/Crow 2/crow\" --hidden\n"), "{text}");
        let names = fs::read_dir(place.file.parent().unwrap()).unwrap();
        assert_eq!(names.count(), 1, "nothing else is left");
        for off in ["Hidden=true", "X-GNOME-Autostart-enabled = false"] {
            fs::write(&place.file, format!("{text}{off}\n")).unwrap();
            assert_eq!(place.state(), LoginItem::Off, "{off}: a desktop has switched it off");
        }
        place.set(true).unwrap();
        assert_eq!(place.state(), LoginItem::On);
        place.set(false).unwrap();
        assert_eq!((place.state(), place.file.exists()), (LoginItem::Off, false));
    }

    #[test]
    fn a_refusal_is_one_sentence_and_leaves_nothing() {
        let config = tempfile::tempdir().unwrap();
        // Where the folder should be there is a file.
        fs::write(config.path().join("autostart"), "").unwrap();
        let err = Place::new(config.path(), "/crow".into()).set(true).unwrap_err().to_string();
        assert!(err.starts_with("Crow's file in the autostart folder could not be changed: "), "{err}");
        let err = Place::new(config.path(), "/a\nb".into()).set(true).unwrap_err().to_string();
        assert!(err.contains("characters that a desktop file cannot hold"), "{err}");
    }

    #[test]
    fn paths_are_quoted_as_the_specification_says() {
        #[rustfmt::skip]
        let cases = [
            ("/usr/bin/crow", Some(r#""/usr/bin/crow""#)),
            ("/a b/crow", Some(r#""/a b/crow""#)),
            (r#"/a"$`b"#, Some(r#""/a\\"\\$\\`b""#)),
            (r"/a\b", Some(r#""/a\\\\b""#)),
            ("/50%f/crow", Some(r#""/50%%f/crow""#)),
            ("/a\tb", None),
        ];
        for (path, expected) in cases {
            assert_eq!(quoted(path).as_deref(), expected, "{path}");
        }
    }
}
