//! Who a program is to the system, beyond its file's name: its bundle's identifier, and who signed it.

use crate::event::Identity;

/// What the system says of the program at `path`, of the app `app`; `None` where it says nothing, as on Linux. Reads
/// files, and may take as long as that takes.
#[must_use]
pub fn find(app: &str, path: Option<&str>) -> Option<Identity> {
    #[cfg(target_os = "macos")]
    {
        use std::path::Path;

        use super::{apps, macos};

        let is_bundle = |app: &&str| app.strip_suffix(".app").is_some();
        let bundle = path.and_then(apps::bundle_path).or(Some(app).filter(is_bundle));
        let identity = Identity {
            bundle: bundle.and_then(|bundle| macos::bundles::read(Path::new(bundle)).identifier),
            signature: path.and_then(macos::signature::read),
        };
        Some(identity).filter(|identity| *identity != Identity::default())
    }
    #[cfg(not(target_os = "macos"))]
    {
        let _ = (app, path);
        None
    }
}
