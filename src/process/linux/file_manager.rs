//! Asks the desktop's file manager to show a file (freedesktop.org: file-manager-interface).

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use crate::bus::block_on;

/// How long a file manager may take to start and to answer.
const PATIENCE: Duration = Duration::from_secs(5);

const NAME: &str = "org.freedesktop.FileManager1";
const PATH: &str = "/org/freedesktop/FileManager1";

/// Shows the file, selected, in its folder.
///
/// # Errors
///
/// What the session bus says: there is none, or no file manager on it.
pub fn show_item(path: &Path) -> zbus::Result<()> {
    block_on(async {
        let bus = zbus::connection::Builder::session()?.method_timeout(PATIENCE).build().await?;
        let files = [uri(path)];
        bus.call_method(Some(NAME), PATH, Some(NAME), "ShowItems", &(&files[..], "")).await?;
        Ok(())
    })
}

/// The path as a `file:` URI (RFC 8089); what RFC 3986 §2.3 does not call unreserved is escaped.
fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri(Path::new("/usr/bin/curl")), "file:///usr/bin/curl");
        assert_eq!(uri(Path::new("/opt/a b/ü%#?")), "file:///opt/a%20b/%C3%BC%25%23%3F");
    }
}
