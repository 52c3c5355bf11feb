//! What a program asks of the kernel, written down by strace.

use std::fs;
use std::path::Path;

/// One system call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// Everything between the parentheses, and the result.
    pub(crate) rest: String,
}

impl Call {
    /// The first argument, as strace writes it.
    pub(crate) fn first(&self) -> &str {
        self.argument(0)
    }

    /// An argument, as strace writes it; those with commas inside only up to there.
    pub(crate) fn argument(&self, place: usize) -> &str {
        self.rest.split([',', ')']).nth(place).unwrap_or_default().trim()
    }

    /// What the kernel answered.
    pub(crate) fn result(&self) -> &str {
        self.rest.rsplit_once(" = ").map_or("", |(_, result)| result)
    }
}

/// The calls in a file that `strace -f -o FILE` has written, in order. A call that another thread's interrupted is read
/// where it ends.
pub(crate) fn calls(file: &Path) -> Vec<Call> {
    let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
    let mut unfinished: Vec<(String, String)> = Vec::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((pid, what)) = line.split_once(' ') else { continue };
        let what = what.trim_start();
        if let Some(begun) = what.strip_suffix(" <unfinished ...>") {
            unfinished.push((pid.to_owned(), begun.to_owned()));
            continue;
        }
        let whole = match what.split_once(" resumed>") {
            Some((_, end)) => {
                let Some(at) = unfinished.iter().rposition(|(of, _)| of == pid) else { continue };
                unfinished.remove(at).1 + end
            }
            None => what.to_owned(),
        };
        let Some((name, rest)) = whole.split_once('(') else { continue };
        if name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            calls.push(Call { name: name.to_owned(), rest: rest.to_owned() });
        }
    }
    calls
}
