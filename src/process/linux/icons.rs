//! Icons on Linux: a program's desktop entry names one, and the icon theme has its picture (freedesktop.org: Desktop
//! Entry Specification, Icon Theme Specification). Pictures are PNG files of the theme that every app installs into.

use std::fs;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use hashbrown::HashMap;

use crate::process::icons::Wanted;

/// Desktop entries that are read.
const MAX_ENTRIES: usize = 4096;
/// Bytes of one that are read.
const MAX_ENTRY: u64 = 64 * 1024;
/// Bytes of a picture that are read, and of the pixels that it may make.
const MAX_PICTURE: u64 = 2 << 20;
const MAX_PIXELS: usize = 4 << 20;

/// Sizes of the theme, the best one first: twice the size of a row's icon and more, then what has to be enlarged.
const SIZES: [u32; 9] = [32, 48, 64, 96, 128, 256, 512, 24, 16];

/// What the desktop's apps are called and which icons they have. Read at the first question.
#[derive(Debug, Default)]
pub struct Desktop {
    read: Option<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    folders: Vec<PathBuf>,
    /// The icon by the entry's id and by the program's file name, both in lower case.
    by_id: HashMap<String, String>,
    by_program: HashMap<String, String>,
}

impl Desktop {
    /// The icon of a program, or `None`.
    pub fn icon(&mut self, wanted: &Wanted<'_>) -> Option<Vec<u8>> {
        let entries = self.read.get_or_insert_with(|| Entries::read(data_folders()));
        let picture = entries.picture(entries.name(wanted)?)?;
        shrink(&decode(&picture)?, wanted.side)
    }
}

impl Entries {
    /// Reads the desktop entries in these folders; an earlier folder's beats a later one's.
    fn read(folders: Vec<PathBuf>) -> Self {
        let mut entries = Self { folders, ..Self::default() };
        let mut left = MAX_ENTRIES;
        for folder in entries.folders.clone() {
            let Ok(files) = fs::read_dir(folder.join("applications")) else { continue };
            let mut files: Vec<PathBuf> = files.take(left).flatten().map(|file| file.path()).collect();
            files.sort();
            left -= files.len().min(left);
            for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "desktop")) {
                entries.add(file);
            }
        }
        entries
    }

    fn add(&mut self, file: &Path) {
        let Some(text) = fs::File::open(file).ok().and_then(|file| {
            let mut text = String::new();
            file.take(MAX_ENTRY).read_to_string(&mut text).ok().map(|_| text)
        }) else {
            return;
        };
        let Some(entry) = Entry::parse(&text) else { return };
        if let Some(id) = file.file_stem().and_then(|stem| stem.to_str()) {
            self.by_id.entry(id.to_lowercase()).or_insert_with(|| entry.icon.to_owned());
        }
        for program in [entry.program, entry.window_class].into_iter().flatten() {
            self.by_program.entry(program.to_lowercase()).or_insert_with(|| entry.icon.to_owned());
        }
    }

    /// The name of the icon: of the app by its id, else of the program.
    fn name(&self, wanted: &Wanted<'_>) -> Option<&str> {
        let id = wanted.app.split_once(':').map_or(wanted.app, |(_, id)| id).to_lowercase();
        let program = wanted.path.and_then(|path| path.rsplit('/').next()).map(str::to_lowercase);
        let by_program = |name: &str| {
            // `firefox-esr` and `chrome` are what `firefox` and `google-chrome` run.
            let plain = name.strip_suffix("-bin").or_else(|| name.strip_suffix(".bin")).unwrap_or(name);
            self.by_program.get(plain).or_else(|| self.by_id.get(plain))
        };
        let found = self.by_id.get(&id).or_else(|| by_program(&id)).or_else(|| by_program(&program?));
        found.map(String::as_str)
    }

    /// The picture's file. An entry may name it by its path.
    fn picture(&self, name: &str) -> Option<PathBuf> {
        if name.starts_with('/') {
            return Some(PathBuf::from(name)).filter(|path| is_png(path));
        }
        if name.contains('/') {
            return None;
        }
        let file = format!("{name}.png");
        let themed = SIZES.iter().flat_map(|size| {
            let inside = format!("icons/hicolor/{size}x{size}/apps/{file}");
            self.folders.iter().map(move |folder| folder.join(&inside))
        });
        let loose = self.folders.iter().map(|folder| folder.join("pixmaps").join(&file));
        themed.chain(loose).find(|path| path.is_file())
    }
}

fn is_png(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("png")) && path.is_file()
}

/// What a desktop entry says.
#[derive(Debug, PartialEq, Eq)]
struct Entry<'a> {
    icon: &'a str,
    /// The file name of the program that it starts.
    program: Option<&'a str>,
    window_class: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// `None` for what is no app, or has no icon.
    fn parse(text: &'a str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        lines.find(|line| *line == "[Desktop Entry]")?;
        let (mut icon, mut program, mut window_class, mut is_app) = (None, None, None, false);
        for line in lines.take_while(|line| !line.starts_with('[')) {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.trim();
            match key.trim() {
                "Type" => is_app = value == "Application",
                "Icon" if !value.is_empty() => icon = Some(value),
                "Exec" => program = program_of(value),
                "StartupWMClass" if !value.is_empty() => window_class = Some(value),
                _ => {}
            }
        }
        is_app.then_some(Entry { icon: icon?, program, window_class })
    }
}

/// The file name of the program in a command line. What starts many programs says nothing of one.
fn program_of(command: &str) -> Option<&str> {
    const LAUNCHERS: [&str; 9] =
        ["env", "sh", "bash", "python3", "flatpak", "snap", "gtk-launch", "pkexec", "java"];
    let mut words = command.split_ascii_whitespace().map(|word| word.trim_matches('"'));
    let mut first = words.next()?;
    if first.rsplit('/').next() == Some("env") {
        first = words.find(|word| !word.contains('='))?;
    }
    first.rsplit('/').next().filter(|name| !name.is_empty() && !LAUNCHERS.contains(name))
}

/// Where desktops keep what apps bring along, the user's own first (XDG Base Directory Specification).
fn data_folders() -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME")?;
        Some(Path::new(&home).join(".local/share"))
    });
    let shared = std::env::var("XDG_DATA_DIRS").ok().filter(|folders| !folders.is_empty());
    let shared = shared.unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
    let flatpak = own.as_ref().map(|own| own.join("flatpak/exports/share"));
    let system = ["/var/lib/flatpak/exports/share", "/var/lib/snapd/desktop"].map(PathBuf::from);
    own.into_iter()
        .chain(flatpak)
        .chain(shared.split(':').map(PathBuf::from))
        .chain(system)
        .filter(|folder| folder.is_absolute())
        .collect()
}

/// A picture in memory.
#[derive(Debug, PartialEq, Eq)]
struct Picture {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

fn decode(path: &Path) -> Option<Picture> {
    let file =
        fs::File::open(path).ok().filter(|file| file.metadata().is_ok_and(|it| it.len() <= MAX_PICTURE))?;
    let limits = png::Limits { bytes: 2 * MAX_PIXELS };
    let mut decoder = png::Decoder::new_with_limits(BufReader::new(file), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size().filter(|size| *size <= MAX_PIXELS)?];
    let info = reader.next_frame(&mut bytes).ok()?;
    bytes.truncate(info.buffer_size());
    let rgba = match info.color_type {
        png::ColorType::Rgba => bytes,
        png::ColorType::GrayscaleAlpha => {
            bytes.as_chunks::<2>().0.iter().flat_map(|[gray, alpha]| [*gray, *gray, *gray, *alpha]).collect()
        }
        _ => return None,
    };
    Some(Picture { width: info.width, height: info.height, rgba })
}

/// The picture in another size, each pixel the average of those that it covers.
fn shrink(picture: &Picture, side: u32) -> Option<Vec<u8>> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let (pixels, _) = picture.rgba.as_chunks::<4>();
    if width == 0 || height == 0 || pixels.len() != width * height {
        return None;
    }
    let side = side as usize;
    let range = |at: usize, all: usize| {
        let begin = at * all / side;
        begin..((at + 1) * all).div_ceil(side).max(begin + 1)
    };
    let mut rgba = Vec::with_capacity(side * side * 4);
    for row in 0..side {
        for column in 0..side {
            let covered = range(row, height).flat_map(|y| range(column, width).map(move |x| y * width + x));
            rgba.extend(average(covered.filter_map(|at| pixels.get(at))));
        }
    }
    Some(rgba)
}

/// Colours count as much as they can be seen.
fn average<'a>(pixels: impl Iterator<Item = &'a [u8; 4]>) -> [u8; 4] {
    let (mut colors, mut opacity, mut count) = ([0_u32; 3], 0_u32, 0_u32);
    for [r, g, b, a] in pixels {
        for (sum, channel) in colors.iter_mut().zip([r, g, b]) {
            *sum += u32::from(*channel) * u32::from(*a);
        }
        opacity += u32::from(*a);
        count += 1;
    }
    let byte = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    let [r, g, b] = colors.map(|sum| byte(sum.checked_div(opacity).unwrap_or(0)));
    [r, g, b, byte(opacity.checked_div(count).unwrap_or(0))]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const ENTRY: &str = "# a comment\n[Desktop Entry]\nType=Application\nName=Files\nExec=env LANG=C /usr/bin/files --new %U\n\
        Icon=org.example.Files\nStartupWMClass=Files\n[Desktop Action new]\nExec=other\nIcon=other\n";

    fn write_png(path: &Path, side: u32, rgba: [u8; 4]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), side, side);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let pixels = rgba.repeat((side * side) as usize);
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    }

    #[test]
    fn a_desktop_entry_is_read() {
        let entry = Entry { icon: "org.example.Files", program: Some("files"), window_class: Some("Files") };
        assert_eq!(Entry::parse(ENTRY), Some(entry));
        for (from, to) in
            [("Type=Application", "Type=Link"), ("Icon=org", "Ikon=org"), ("[Desktop Entry]", "[Entry]")]
        {
            assert_eq!(Entry::parse(&ENTRY.replacen(from, to, 1)), None, "{to}");
        }
    }

    #[test]
    fn an_icon_is_found_by_the_app_and_by_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let apps = folder.path().join("applications");
        fs::create_dir_all(&apps).unwrap();
        fs::write(apps.join("org.example.Files.desktop"), ENTRY).unwrap();
        let themed = folder.path().join("icons/hicolor/64x64/apps/org.example.Files.png");
        write_png(&themed, 64, [10, 20, 30, 255]);
        let mut desktop = Desktop { read: Some(Entries::read(vec![folder.path().to_owned()])) };
        let mut find = |app, path| desktop.icon(&Wanted { app, path, side: 2 });
        let icon = Some([10, 20, 30, 255].repeat(4));
        assert_eq!(find("flatpak:org.example.Files", None), icon);
        assert_eq!(find("/opt/files", Some("/opt/files")), icon, "by the program");
        assert_eq!(find("/opt/files-bin", Some("/opt/files-bin")), icon);
        assert_eq!(find("/usr/bin/curl", Some("/usr/bin/curl")), None);
    }

    #[test]
    fn what_is_no_picture_is_no_icon() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("icon.png");
        write_png(&path, 3, [1, 2, 3, 4]);
        let whole = fs::read(&path).unwrap();
        assert_eq!(decode(&path).unwrap().width, 3);
        for len in 0..whole.len() - 12 {
            fs::write(&path, whole.get(..len).unwrap()).unwrap();
            // Cut in its pixels or before, it is none; it must not be a picture of other than its own size.
            if let Some(picture) = decode(&path) {
                assert_eq!(picture.rgba.len(), 3 * 3 * 4, "{len}");
            }
        }
        assert_eq!(shrink(&Picture { width: 5, height: 5, rgba: vec![0; 8] }, 32), None);
        assert_eq!(shrink(&Picture { width: 0, height: 0, rgba: vec![] }, 32), None);
    }

    #[test]
    fn pixels_are_averaged_by_how_much_they_can_be_seen() {
        let rgba = vec![200, 0, 0, 255, 0, 0, 0, 0, 200, 0, 0, 255, 0, 0, 0, 0];
        assert_eq!(shrink(&Picture { width: 2, height: 2, rgba }, 1), Some(vec![200, 0, 0, 127]));
    }
}
