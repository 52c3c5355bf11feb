//! The icons that the system has for programs, as pixels.

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The app's id: a bundle's path, `flatpak:…`, `app:…`, `snap:…`, or a program's path.
    pub app: &'a str,
    /// The program's file.
    pub path: Option<&'a str>,
    /// Pixels in a row, and rows.
    pub side: u32,
}

/// Finds icons. Blocks for as long as it takes to read files.
#[derive(Debug, Default)]
pub struct Icons {
    #[cfg(all(target_os = "linux", feature = "window"))]
    desktop: super::linux::icons::Desktop,
}

impl Icons {
    /// The icon's pixels: red, green, blue and opacity, the colours not multiplied by it. `None` where the system has
    /// no icon for the program; on a system whose icons Crow does not read, that is every program.
    pub fn find(&mut self, wanted: &Wanted<'_>) -> Option<Vec<u8>> {
        #[cfg(all(target_os = "linux", feature = "window"))]
        return self.desktop.icon(wanted);
        #[cfg(target_os = "macos")]
        return super::macos::icons::icon(wanted);
        #[cfg(not(any(all(target_os = "linux", feature = "window"), target_os = "macos")))]
        {
            let Wanted { app: _, path: _, side: _ } = wanted;
            None
        }
    }
}
