//! The login names of numeric users, asked of the system once each.
//!
//! This may read files and ask directory services, so it belongs in the app; the privileged helper
//! names users by number only.

use hashbrown::HashMap;
use nix::unistd::{Uid, User, geteuid};

/// Users remembered at most; when full, all are forgotten and asked again.
const MAX_USERS: usize = 4_096;

/// A memory of login names.
#[derive(Debug, Default)]
pub struct Users {
    known: HashMap<u32, Option<String>>,
}

impl Users {
    /// The login name of `uid`; `None` when the system knows none. The first question for a user may
    /// block for as long as the system's directory service takes.
    pub fn name(&mut self, uid: u32) -> Option<&str> {
        if self.known.len() >= MAX_USERS && !self.known.contains_key(&uid) {
            self.known.clear();
        }
        let ask = || User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
        self.known.entry(uid).or_insert_with(ask).as_deref()
    }
}

/// The login name of the user that this program runs as, or the number where there is no name.
#[must_use]
pub fn own_name() -> String {
    let uid = geteuid();
    Users::default().name(uid.as_raw()).map_or_else(|| uid.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_a_name_and_a_stranger_has_none() {
        let mut users = Users::default();
        for _ in 0..2 {
            assert_eq!(users.name(0), Some("root"));
            assert_eq!(users.name(3_999_999_999), None);
        }
        assert_eq!(users.known.len(), 2);
    }
}
