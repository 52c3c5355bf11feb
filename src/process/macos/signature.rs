//! Who signed a program, as its file and the system's certificates say (Security.framework, `SecStaticCode.h`).

#[cfg(target_os = "macos")]
mod ffi;

use crate::event::Signature;

/// What the system said of a file's signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The status of its check: 0 when it holds.
    pub validity: i32,
    /// Whether the certificates lead to Apple.
    pub is_apples: bool,
    /// `SecCodeSignatureFlags`, where there is a signature.
    pub flags: Option<u32>,
    /// The name on the certificate that signed.
    pub authority: Option<String>,
    /// The team to which Apple gave it.
    pub team: Option<String>,
}

/// Who signed the program at `path`; `None` where there is no such file, or the system does not say. Reads the file, and
/// asks nothing of the network.
#[cfg(target_os = "macos")]
#[must_use]
pub fn read(path: &str) -> Option<Signature> {
    ffi::read(path).and_then(decide)
}

/// `errSecCSUnsigned` (`CSCommon.h`).
const UNSIGNED: i32 = -67_062;
/// `kSecCodeSignatureAdhoc`.
const AD_HOC: u32 = 2;

/// What it comes to; `None` for a signature that holds and has nobody's name.
fn decide(told: Told) -> Option<Signature> {
    if told.validity == UNSIGNED {
        return Some(Signature::None);
    }
    if told.validity != 0 {
        return Some(Signature::Broken);
    }
    if told.flags.is_some_and(|flags| flags & AD_HOC != 0) {
        return Some(Signature::AdHoc);
    }
    let by = told.authority.filter(|name| !name.trim().is_empty())?;
    // A certificate that anybody can make may carry any team's name.
    let team = told.team.filter(|team| told.is_apples && !team.trim().is_empty());
    Some(Signature::By { name: by, team, is_known: told.is_apples })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_only_where_apple_vouches_for_it() {
        let named = Told {
            is_apples: true,
            flags: Some(0x1_0000),
            authority: Some("Developer ID Application: Crow (A1B2C3D4E5)".to_owned()),
            team: Some("A1B2C3D4E5".to_owned()),
            ..Told::default()
        };
        let name = "Developer ID Application: Crow (A1B2C3D4E5)".to_owned();
        let by = |team: Option<&str>, is_known| {
            Some(Signature::By { name: name.clone(), team: team.map(str::to_owned), is_known })
        };
        #[rustfmt::skip]
        let cases = [
            ("Developer ID", named.clone(), by(Some("A1B2C3D4E5"), true)),
            ("of macOS itself", Told { team: None, ..named.clone() }, by(None, true)),
            ("self-made", Told { is_apples: false, ..named.clone() }, by(None, false)),
            ("ad hoc", Told { flags: Some(0x2_0002), authority: None, team: None, ..named.clone() }, Some(Signature::AdHoc)),
            ("unsigned", Told { validity: -67_062, ..Told::default() }, Some(Signature::None)),
            ("changed since", Told { validity: -67_061, ..named.clone() }, Some(Signature::Broken)),
            ("nobody's", Told { authority: Some(" ".to_owned()), ..named }, None),
        ];
        for (case, told, expected) in cases {
            assert_eq!(decide(told), expected, "{case}");
        }
    }
}
