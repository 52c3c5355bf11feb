//! The settings file: human-readable JSON, read once at the start and replaced whole at each change.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::settings::{SETTINGS_VERSION, Settings, WindowSize};

/// Why settings could not be read or kept. Each message is one that a person can act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not settings.
    #[error(
        "Your settings could not be read ({reason}), so Crow uses its defaults; the old file is kept as {}",
        kept.display()
    )]
    Broken {
        /// What the parser said.
        reason: String,
        /// Where the unreadable file is now.
        kept: PathBuf,
    },
    /// The file was written by a later Crow.
    #[error(
        "Your settings are from a newer Crow (version {version}), so this one uses its defaults; the newer file is kept as {}",
        kept.display()
    )]
    Newer {
        /// The version that the file names.
        version: u32,
        /// Where the newer file is now.
        kept: PathBuf,
    },
    /// The file is there but the system does not let Crow read it or put it aside.
    #[error("Your settings in {} could not be read, so Crow uses its defaults: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The settings could not be written.
    #[error("Your settings could not be saved to {}: {source}; they last until you quit", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where the settings live. Reading and writing never touch anything but this file and its
/// neighbours of the same name.
#[derive(Clone, Debug)]
pub struct SettingsFile {
    path: PathBuf,
}

impl SettingsFile {
    /// The user's own settings: `settings.json` in the system's folder for configuration. `None`
    /// when the user has no home folder.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let folders = ProjectDirs::from("", "", "Crow")?;
        Some(Self::at(folders.config_dir().join("settings.json")))
    }

    /// Settings in a file of one's choice.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the settings. Whatever is wrong, there are settings to go on with, and a sentence to show.
    #[must_use]
    pub fn load(&self) -> (Settings, Option<Error>) {
        match self.read() {
            Ok(settings) => (settings, None),
            Err(err) => (Settings::default(), Some(err)),
        }
    }

    fn read(&self) -> Result<Settings, Error> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
            Err(source) => return Err(Error::Read { path: self.path.clone(), source }),
        };
        match parse(&bytes) {
            Ok(Ok(settings)) => Ok(settings),
            Ok(Err(version)) => Err(Error::Newer { version, kept: self.put_aside(&format!("v{version}"))? }),
            Err(err) => Err(Error::Broken { reason: err.to_string(), kept: self.put_aside("broken")? }),
        }
    }

    /// Renames the file to `settings.json.<mark>`, so that nothing the user wrote is lost to a save.
    fn put_aside(&self, mark: &str) -> Result<PathBuf, Error> {
        let kept = self.neighbour(mark);
        match fs::rename(&self.path, &kept) {
            Ok(()) => Ok(kept),
            Err(source) => Err(Error::Read { path: self.path.clone(), source }),
        }
    }

    fn neighbour(&self, mark: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(mark);
        self.path.with_file_name(name)
    }

    /// Replaces the settings whole: a crash or a full disk leaves the old ones as they were.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] with what the system said; show it once and go on.
    pub fn save(&self, settings: &Settings) -> Result<(), Error> {
        let unfinished = self.neighbour("new");
        let written = self.write(settings, &unfinished).and_then(|()| fs::rename(&unfinished, &self.path));
        written.map_err(|source| {
            // Nothing is lost with it, and a leftover would only puzzle; so its own failure is not shown.
            let _gone = fs::remove_file(&unfinished);
            Error::Write { path: self.path.clone(), source }
        })
    }

    fn write(&self, settings: &Settings, target: &Path) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut text = serde_json::to_string_pretty(&finite(settings.clone()))?;
        text.push('\n');
        let mut file = create_private(target)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }
}

/// What a settings file says; `Err` of the version when a later Crow wrote it.
///
/// # Errors
///
/// The parser's, with line and column, when this is no settings file.
pub fn parse(bytes: &[u8]) -> serde_json::Result<Result<Settings, u32>> {
    // The version alone first: a newer Crow may have changed what the rest means.
    let fields = serde_json::from_slice::<Map<String, Value>>(bytes)?;
    let version = fields.get("version").map_or(Ok(0), u32::deserialize)?;
    if version > SETTINGS_VERSION {
        return Ok(Err(version));
    }
    let settings = Settings::deserialize(Value::Object(fields))?;
    Ok(Ok(Settings { version: SETTINGS_VERSION, ..finite(settings) }))
}

/// `settings` without sizes that JSON has no numbers for: `1e300` is infinite as an `f32`, would be written as `null`, and
/// that would make the whole file unreadable.
fn finite(mut settings: Settings) -> Settings {
    if !(settings.window.width.is_finite() && settings.window.height.is_finite()) {
        settings.window = WindowSize::default();
    }
    for table in [&mut settings.processes, &mut settings.connections, &mut settings.domains] {
        table.widths.retain(|_, width| width.is_finite());
    }
    settings
}

/// A new, empty file that only this user may read.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::{Appearance, RateWindow, SortBy, TableSettings};

    fn file(text: Option<&str>) -> (tempfile::TempDir, SettingsFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = SettingsFile::at(folder.path().join("crow").join("settings.json"));
        if let Some(text) = text {
            fs::create_dir(folder.path().join("crow")).unwrap();
            fs::write(file.path(), text).unwrap();
        }
        (folder, file)
    }

    #[test]
    fn no_file_means_the_defaults_and_no_complaint() {
        let (_folder, file) = file(None);
        let (settings, complaint) = file.load();
        assert_eq!(settings, Settings::default());
        assert!(complaint.is_none());
    }

    #[test]
    fn what_is_saved_is_read_again_and_is_private() {
        let (_folder, file) = file(None);
        let settings = Settings {
            appearance: Appearance::Light,
            rate_window: RateWindow::OneSecond,
            ..Settings::default()
        };
        file.save(&Settings::default()).unwrap();
        file.save(&settings).unwrap();
        assert_eq!(file.load().0, settings);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let names: Vec<_> =
            fs::read_dir(file.path().parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["settings.json"], "nothing is left beside it");
    }

    #[test]
    fn sizes_beyond_all_numbers_are_left_out() {
        let text =
            r#"{"window":{"width":1e300,"height":1.0},"processes":{"widths":{"name":-1e300,"down":2.0}}}"#;
        let (_folder, file) = file(Some(text));
        let (mut settings, complaint) = file.load();
        assert!(complaint.is_none(), "{complaint:?}");
        assert_eq!(settings.window, WindowSize::default());
        assert_eq!(settings.processes.widths.keys().collect::<Vec<_>>(), ["down"]);
        settings.window.height = f32::NAN;
        file.save(&settings).unwrap();
        assert_eq!(file.load().0, Settings { window: WindowSize::default(), ..settings });
    }

    /// Any settings that Crow can have.
    fn any_settings() -> impl Strategy<Value = Settings> {
        let size = || prop_oneof![any::<f32>(), Just(f32::INFINITY), Just(f32::NAN), -1e4_f32..1e4];
        let table = || {
            let sort = prop::option::of((".*", any::<bool>()));
            (
                sort,
                prop::collection::btree_map(".*", any::<bool>(), 0..4),
                prop::collection::btree_map(".*", size(), 0..4),
                prop::collection::vec(".*", 0..4),
            )
                .prop_map(|(sort, columns, widths, order)| TableSettings {
                    sort: sort.map(|(column, descending)| SortBy { column, descending }),
                    columns,
                    widths,
                    order,
                })
        };
        (table(), table(), table(), size(), size(), any::<[bool; 3]>()).prop_map(
            |(processes, connections, domains, width, height, [details, is_light, is_short])| Settings {
                appearance: if is_light { Appearance::Light } else { Appearance::Dark },
                rate_window: if is_short { RateWindow::OneSecond } else { RateWindow::ThirtySeconds },
                processes,
                connections,
                domains,
                details,
                window: WindowSize { width, height },
                ..Settings::default()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn any_settings_are_read_as_they_were_saved(settings in any_settings()) {
            let (_folder, file) = file(None);
            file.save(&settings).unwrap();
            let (again, complaint) = file.load();
            prop_assert!(complaint.is_none(), "{complaint:?}");
            prop_assert_eq!(again, finite(settings));
        }
    }

    #[test]
    fn a_broken_file_is_kept_and_named() {
        for text in ["", "{", "[]", r#"{"version":1,"appearance":"sepia"}"#, "\u{0}\u{1}"] {
            let (_folder, file) = file(Some(text));
            let (settings, complaint) = file.load();
            assert_eq!(settings, Settings::default(), "{text:?}");
            let Some(Error::Broken { kept, .. }) = &complaint else { panic!("{text:?}: {complaint:?}") };
            assert_eq!(fs::read_to_string(kept).unwrap(), text);
            assert!(kept.ends_with("settings.json.broken"));
            assert!(complaint.unwrap().to_string().contains("settings.json.broken"));
            assert!(!file.path().exists());
        }
    }

    #[test]
    fn a_newer_file_is_kept_even_if_it_could_be_read() {
        let (_folder, file) = file(Some(r#"{"version":7,"appearance":{"tint":"blue"}}"#));
        let (settings, complaint) = file.load();
        assert_eq!(settings, Settings::default());
        assert!(matches!(complaint, Some(Error::Newer { version: 7, .. })), "{complaint:?}");
        assert!(file.neighbour("v7").exists());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_one_sentence() {
        let (folder, _) = file(None);
        fs::write(folder.path().join("occupied"), "a file, not a folder").unwrap();
        let file = SettingsFile::at(folder.path().join("occupied").join("settings.json"));
        let err = file.save(&Settings::default()).unwrap_err();
        assert!(matches!(err, Error::Write { .. }));
        assert!(err.to_string().starts_with("Your settings could not be saved to "), "{err}");
    }
}
