//! The authorized launch on macOS: what osascript is asked to do, what root's shell does, and what their failures mean.
//!
//! The password is asked for by `do shell script … with administrator privileges`. Nothing that varies is ever
//! part of a program's text: the `AppleScript` and the shell script are constants, and paths and numbers
//! reach them as arguments, quoted by `AppleScript`'s own `quoted form of`. Arguments can be read by every user of
//! the machine, so none of them is a secret.
//!
//! The helper beside Crow can be replaced by any program of this user, so root never runs it. Root copies it to a fresh
//! folder that only root can enter, looks whether *the copy* is the one that this app read before it asked (and
//! whether the right team signed it, where the build names one), and runs the copy. What that is good for: nobody can
//! swap the helper while the dialog is open, and in a build that carries the helper's digest nobody can change
//! the helper alone. What it is not good for: who can change the app can change both, which only a signature
//! that the system checks can show.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

use super::LaunchError;

/// Where the system keeps it.
pub const OSASCRIPT: &str = "/usr/bin/osascript";

/// What the dialog says. Its title is the system's own choice.
pub const PROMPT: &str = "Crow needs an administrator's permission to see which app each network packet belongs to, and \
                          gives it up again before it reads the first one.";

/// How the command for root's shell begins. `do shell script` takes nothing as given: no folder, no variables. A
/// clean environment keeps `PERL5LIB` and its like, which could be the user's, out of root's programs.
const BEGIN: &str = "exec /usr/bin/env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin /bin/sh -c";

/// … and how it ends: in the foreground, because macOS may end what is left behind in the background together
/// with the authorization; and in silence, because osascript keeps all output in memory until the end.
const END: &str = " </dev/null >/dev/null 2>&1";

/// What root's shell does. `$1` helper, `$2` SHA-256, `$3` requirement on the signature or nothing, `$4` socket, `$5`
/// user, `$6` group, `$7` pid. One line, so that nothing on the way can change its line ends.
///
/// - A mask and a folder of its own first. The `EXIT` trap removes the folder on each way out; a helper that runs has
///   removed it already. Not `exec`: bash, which `/bin/sh` is on Macs, leaves without the trap when that fails.
/// - `cat` and not `cp`: it copies the bytes and not the mark of a downloaded file, for which macOS would
///   refuse to run the copy.
/// - From the digest on, only the copy is used.
pub const ROOT_SCRIPT: &str = concat!(
    r#"umask 077; cd / || exit 71; "#,
    r#"d=$(/usr/bin/mktemp -d /private/var/root/crow.XXXXXXXX) || exit 71; "#,
    r#"trap '/bin/rm -rf "$d"' EXIT; trap 'exit 71' HUP INT TERM; "#,
    r#"h="$d/crow-helper"; "#,
    r#"[ -f "$1" ] || exit 72; /bin/cat <"$1" >"$h" || exit 72; "#,
    r#"[ "$(/usr/bin/shasum -a 256 <"$h")" = "$2  -" ] || exit 73; "#,
    r#"if [ -n "$3" ]; then /usr/bin/codesign --verify --strict "-R=$3" "$h" || exit 74; fi; "#,
    r#"/bin/chmod 500 "$h" || exit 72; "#,
    r#""$h" --socket "$4" --uid "$5" --gid "$6" --pid "$7"; exit $?"#,
);

/// No folder could be made, or root's shell was ended.
const NO_FOLDER: i32 = 71;
/// The helper could not be copied.
const NO_COPY: i32 = 72;
/// The copy is not what the app read.
const NOT_THE_SAME: i32 = 73;
/// The copy is not signed as it should be.
const NOT_SIGNED: i32 = 74;

/// The digest that the helper must have, in a build that knows it.
const BUILT_DIGEST: Option<&str> = option_env!("CROW_HELPER_SHA256");

/// The team that must have signed the helper, in a build that is signed.
const TEAM: Option<&str> = option_env!("CROW_TEAM_ID");
const _: () = assert!(is_team(TEAM), "CROW_TEAM_ID is ten capital letters and digits");

/// What is to be run, and how it is known again.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The helper beside the app.
    pub helper: &'a Path,
    /// Its SHA-256 in small hexadecimal digits, as [`digest`] gives it.
    pub digest: &'a str,
    /// Where the app listens.
    pub socket: &'a Path,
    /// The app's user, group and process.
    pub app: (u32, u32, u32),
}

/// The command by which `osascript` asks for the password and then runs the helper, until the helper ends.
///
/// # Errors
///
/// [`LaunchError::OddPath`] for a path that would not get through `AppleScript` unchanged.
pub fn command(osascript: &Path, request: &Request<'_>) -> Result<Command, LaunchError> {
    let mut command = Command::new(osascript);
    command.args(arguments(request)?);
    // Whatever else the user's environment holds stays away from what runs as root.
    command.env_clear();
    for name in ["HOME", "USER", "LOGNAME", "TMPDIR", "__CF_USER_TEXT_ENCODING"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    Ok(command)
}

/// The arguments of osascript: the `AppleScript`, line by line, and what its `argv` is to hold.
///
/// # Errors
///
/// As for [`command`].
pub fn arguments(request: &Request<'_>) -> Result<Vec<OsString>, LaunchError> {
    let items = items(request)?;
    let mut arguments = Vec::new();
    for line in ["on run argv", &do_shell_script(items.len()), "end run"] {
        arguments.push("-e".into());
        arguments.push(line.into());
    }
    arguments.push("--".into());
    arguments.push(PROMPT.into());
    arguments.extend(items.into_iter().map(OsString::from));
    Ok(arguments)
}

/// The one `AppleScript` statement: `argv` holds the prompt and then `count` words for the shell.
fn do_shell_script(count: usize) -> String {
    let quoted: Vec<String> =
        (2..2 + count).map(|item| format!("\" \" & (quoted form of item {item} of argv)")).collect();
    let words = quoted.join(" & ");
    format!(
        "do shell script \"{BEGIN}\" & {words} & \"{END}\" with prompt (item 1 of argv) with administrator privileges"
    )
}

/// The words after `sh -c`: script, its name, and `$1` to `$7`.
fn items(request: &Request<'_>) -> Result<Vec<String>, LaunchError> {
    let (uid, gid, pid) = request.app;
    Ok(vec![
        ROOT_SCRIPT.to_owned(),
        "crow".to_owned(),
        plain(request.helper)?,
        request.digest.to_owned(),
        TEAM.map(requirement).unwrap_or_default(),
        plain(request.socket)?,
        uid.to_string(),
        gid.to_string(),
        pid.to_string(),
    ])
}

/// A path as text. `AppleScript`'s text is Unicode, and it has ideas of its own about line ends: so neither bytes that
/// are no UTF-8 nor control characters.
fn plain(path: &Path) -> Result<String, LaunchError> {
    let text = path.to_str().filter(|text| path.is_absolute() && !text.contains(char::is_control));
    text.map(str::to_owned).ok_or_else(|| LaunchError::OddPath(path.to_owned()))
}

/// What `codesign` is to demand (TN3127: Developer ID and App Store certificates carry the team in their OU).
fn requirement(team: &str) -> String {
    format!("anchor apple generic and certificate leaf[subject.OU] = \"{team}\"")
}

const fn is_team(team: Option<&str>) -> bool {
    let Some(team) = team else { return true };
    let mut rest = team.as_bytes();
    while let [first, others @ ..] = rest {
        if !first.is_ascii_uppercase() && !first.is_ascii_digit() {
            return false;
        }
        rest = others;
    }
    team.len() == 10
}

/// Whether macOS runs Crow from the random read-only folder into which it puts a downloaded app that nobody has moved.
#[must_use]
pub fn is_translocated(program: &Path) -> bool {
    program.components().any(|part| part.as_os_str() == "AppTranslocation")
}

/// The SHA-256 of the helper as this app reads it now, in small hexadecimal digits.
///
/// # Errors
///
/// [`LaunchError::Tampered`] when this build knows another one, [`LaunchError::Os`] when the file cannot be read.
pub fn digest(helper: &Path) -> Result<String, LaunchError> {
    let digest = sha256(helper).map_err(super::at("reading it"))?;
    match BUILT_DIGEST {
        Some(built) if !built.eq_ignore_ascii_case(&digest) => Err(LaunchError::Tampered),
        _ => Ok(digest),
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hash.update(buffer.get(..count).unwrap_or_default()),
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16);
    let digest = hash.finalize();
    Ok(digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect())
}

/// The number in brackets with which osascript's last line ends: an error of `AppleScript`'s or of the system's
/// (negative), or the exit status of the shell. The words before it are in the user's language.
#[must_use]
pub fn error_number(line: &str) -> Option<i32> {
    let (_, number) = line.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    number.parse().ok()
}

/// What it means that osascript ended before the helper connected; `None` when its last line does not tell.
#[must_use]
pub fn failure(line: &str) -> Option<LaunchError> {
    // AppleScript's `userCanceledErr`, and `Authorization.h`.
    const CANCELED: i32 = -128;
    const AUTHORIZATION_DENIED: i32 = -60005;
    const AUTHORIZATION_CANCELED: i32 = -60006;
    const NO_INTERACTION: i32 = -60007;
    let not_allowed = |sentence: &str| LaunchError::NotAllowed(sentence.to_owned());
    Some(match error_number(line)? {
        CANCELED | AUTHORIZATION_CANCELED => LaunchError::Dismissed,
        AUTHORIZATION_DENIED => {
            not_allowed("the name or the password was not accepted; press Start live capture to try again")
        }
        NO_INTERACTION => not_allowed(
            "macOS cannot ask for a password here; log in at the screen, or run crow with sudo in a terminal",
        ),
        NO_FOLDER => not_allowed("root could not make a folder of its own; look whether the disk is full"),
        NO_COPY => not_allowed("root could not copy the capture helper; look whether the disk is full"),
        NOT_THE_SAME => LaunchError::Tampered,
        NOT_SIGNED => LaunchError::BadSignature,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
