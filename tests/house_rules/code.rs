//! Just enough of Rust's grammar to judge a source file: what is code, what is comment or text, where the tests begin.

/// `text` without its comments, and with string and character literals emptied. Lines stay where they are.
pub(crate) fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (skipped, kept) = token(rest, code.ends_with(is_word));
        code.push_str(kept);
        let taken = if skipped == 0 { next.len_utf8() } else { skipped };
        if skipped == 0 {
            code.push(next);
        } else {
            let (gone, _) = rest.split_at(taken);
            code.extend(gone.chars().filter(|c| *c == '\n'));
        }
        rest = rest.split_at(taken).1;
    }
    code
}

/// How many bytes at the start of `rest` are a comment or literal, and what stands for them in the code.
fn token(rest: &str, inside_word: bool) -> (usize, &'static str) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), "");
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), "");
    }
    if rest.starts_with('"') {
        return (quoted(rest, 1, '"'), "\"\"");
    }
    if rest.starts_with('\'') {
        let length = character(rest);
        return (length, if length == 0 { "" } else { "' '" });
    }
    if !inside_word {
        let prefix = rest.find(|c| c != 'b' && c != 'c').unwrap_or(0);
        if let Some(raw) = rest.split_at(prefix).1.strip_prefix('r') {
            let hashes = raw.find(|c| c != '#').unwrap_or(0);
            if raw.split_at(hashes).1.starts_with('"') {
                let end = format!("\"{}", "#".repeat(hashes));
                let start = prefix + 1 + hashes + 1;
                let body = rest.split_at(start).1;
                return (start + body.find(&end).map_or(body.len(), |at| at + end.len()), "\"\"");
            }
        }
    }
    (0, "")
}

/// The length of the block comment at the start of `rest`; they nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = rest.split_at(at).1.find(['/', '*']) {
        at += found;
        let here = rest.split_at(at).1;
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a literal that ends at the first `quote` after `start` without a backslash before it.
fn quoted(rest: &str, start: usize, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(start) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal; 0 for a lifetime or label.
fn character(rest: &str) -> usize {
    let mut chars = rest.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => quoted(rest, 1, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}

/// The part of `text` before its test module: before `#[cfg(test)]`, where a `mod` follows it.
pub(crate) fn before_tests(text: &str) -> &str {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let (before, after) = text.split_at(offset);
        if line.starts_with("#[cfg(test)]") && opens_module(after) {
            return before;
        }
        offset += line.len();
    }
    text
}

/// Whether the attributes at the start of `text` belong to a module.
fn opens_module(text: &str) -> bool {
    let mut depth = 0_i32;
    for line in text.lines() {
        let line = line.trim();
        if depth == 0 && !line.starts_with("#[") && !line.starts_with("//") && !line.is_empty() {
            return line.starts_with("mod ") || line.starts_with("pub(crate) mod ");
        }
        depth += i32::try_from(line.matches('[').count()).unwrap()
            - i32::try_from(line.matches(']').count()).unwrap();
    }
    false
}

/// The identifiers of `code`, in order.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c| !is_word(c)).filter(|word| !word.is_empty())
}

/// Whether `c` may be part of an identifier.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The top-level modules that the code of `path` names, as `crate::a`, `crate::{a, b}` or `super::…::a`.
pub(crate) fn modules_named(path: &str, code: &str) -> Vec<String> {
    let depth = depth_of_module(path);
    let compact: String = code.split_whitespace().collect::<Vec<_>>().join(" ").replace(":: ", "::");
    let mut named = Vec::new();
    let climb = "super::".repeat(depth.max(1));
    let roots: &[&str] = if depth == 0 { &["crate::"] } else { &["crate::", &climb] };
    for root in roots {
        for (at, _) in compact.match_indices(root) {
            let (before, after) = compact.split_at(at);
            let after = after.split_at(root.len()).1;
            let climbs_on =
                *root != "crate::" && (before.ends_with("super::") || after.starts_with("super::"));
            if climbs_on || before.ends_with(is_word) || before.ends_with('$') {
                continue;
            }
            named.extend(first_segments(after));
        }
    }
    named
}

/// `a` of `a::b`; `a`, `b` of `{a::c, b}`.
fn first_segments(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return words(path).take(1).map(str::to_owned).collect();
    };
    let mut depth = 0_i32;
    let mut begins = true;
    let mut names = Vec::new();
    let mut word = String::new();
    for c in group.chars() {
        if begins && depth == 0 && is_word(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            names.push(std::mem::take(&mut word));
            begins = false;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ => {}
        }
    }
    names
}

/// How many `super::` lead from the file at `path` to the crate's root.
fn depth_of_module(path: &str) -> usize {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let parts = inside.split('/').count();
    match inside {
        "lib.rs" | "main.rs" => 0,
        _ if inside.ends_with("/mod.rs") => parts - 1,
        _ => parts,
    }
}
