//! Languages are found by their tags, and texts by their names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;

#[test]
fn tags_of_systems_name_languages() {
    #[rustfmt::skip]
    let cases = [
        ("de", Some(Language::German)), ("de-AT", Some(Language::German)), ("de_CH.UTF-8", Some(Language::German)),
        ("es-419", Some(Language::Spanish)), ("fr_CA", Some(Language::French)), ("ja_JP.UTF-8", Some(Language::Japanese)),
        ("zh", Some(Language::SimplifiedChinese)), ("zh_CN.GB18030", Some(Language::SimplifiedChinese)),
        ("zh-Hans-HK", Some(Language::SimplifiedChinese)), ("zh-SG", Some(Language::SimplifiedChinese)),
        ("zh-Hant", None), ("zh_TW", None), ("zh-HK", None), ("zh-Hant-CN", None), ("en_GB@euro", Some(Language::English)),
        ("C", Some(Language::English)), ("C.UTF-8", Some(Language::English)), ("POSIX", Some(Language::English)),
        ("pt-BR", None), ("", None), ("den", None), ("-", None),
    ];
    for (tag, language) in cases {
        assert_eq!(of_tag(tag), language, "{tag:?}");
    }
    let first = |tags: &[&str]| first_spoken(tags.iter().map(|tag| (*tag).to_owned()));
    assert_eq!(first(&["pt-BR", "zh-TW", "ja-JP", "en-US"]), Language::Japanese);
    assert_eq!(first(&["pt-BR", "ko"]), Language::English);
    assert_eq!(first(&[]), Language::English);
}

#[test]
fn a_thread_speaks_its_own_language() {
    assert_eq!(say!("settings"), "Settings");
    speak(Language::German);
    assert_eq!(spoken(), Language::German);
    assert_eq!(std::thread::spawn(|| say!("settings")).join().ok(), Some("Settings"));
    assert_eq!(meant(LanguageChoice::System), Language::English, "until the system is asked");
    assert_eq!(meant(LanguageChoice::Always(Language::French)), Language::French);
}

#[test]
fn counts_follow_the_plural_and_are_grouped() {
    assert_eq!(say!("count-connections", count = 1), "1 connection");
    assert_eq!(say!("count-connections", count = 0), "0 connections");
    assert_eq!(say!("count-connections", count = 1_234_567_u64), "1\u{2009}234\u{2009}567 connections");
    assert_eq!(say!("ending-words", pid = "4711").split(' ').nth(1), Some("4711"), "what is no count is not");
}

#[test]
fn a_name_stands_for_its_text() {
    assert_eq!(Phrase::of("pause").name(), "pause");
    assert_eq!(Phrase::all().count(), COUNT);
    assert!(Phrase::all().all(|phrase| !phrase.name().is_empty()));
}

/// What a language's file says, by name: the variables of the text, and whether it has plural forms.
fn texts(language: Language) -> BTreeMap<&'static str, (BTreeSet<&'static str>, bool, &'static str)> {
    let mut texts = BTreeMap::new();
    let mut name = "";
    for line in catalogue::source(language).lines().filter(|line| !line.starts_with('#')) {
        let mut text = line;
        if line.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            (name, text) = line.split_once(" = ").unwrap_or((line, ""));
            assert!(!text.trim().is_empty(), "{}: {name} says nothing", language.tag());
            let earlier = texts.insert(name, (BTreeSet::new(), false, text));
            assert!(earlier.is_none(), "{}: {name} stands there twice", language.tag());
        }
        let Some((variables, has_forms, _)) = texts.get_mut(name) else { continue };
        variables.extend(text.split("{ $").skip(1).filter_map(|part| part.split([' ', '}']).next()));
        *has_forms |= text.contains("->");
    }
    texts
}

#[test]
fn every_language_has_every_text_with_the_same_variables_and_no_other() {
    let english = texts(Language::English);
    assert_eq!(english.len(), COUNT);
    let mut wrong = Vec::new();
    for language in Language::ALL {
        let own = texts(language);
        let tag = language.tag();
        wrong.extend(
            own.keys()
                .filter(|name| !english.contains_key(*name))
                .map(|name| format!("{tag}: {name} is unknown")),
        );
        for (name, (variables, ..)) in &english {
            match own.get(name) {
                None => wrong.push(format!("{tag}: {name} is missing")),
                Some((own, ..)) if own != variables => {
                    wrong.push(format!("{tag}: {name} has {own:?}, not {variables:?}"));
                }
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn languages_are_written_in_their_own_words() {
    let english = texts(Language::English);
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        let own = texts(language);
        let same =
            english.iter().filter(|(name, (.., text))| own.get(*name).is_some_and(|(.., own)| own == text));
        let same: Vec<_> = same.map(|(name, _)| *name).collect();
        // Names, abbreviations, and words that languages share.
        assert!(same.len() < 30, "{}: as in English: {same:?}", language.tag());
    }
}

/// Each text once, with every variable filled in.
fn said_in(language: Language) -> Vec<(&'static str, String)> {
    speak(language);
    let texts = texts(language);
    Phrase::all()
        .map(|phrase| {
            let (variables, has_forms, _) = texts.get(phrase.name()).unwrap();
            if variables.is_empty() {
                return (phrase.name(), phrase.text().to_owned());
            }
            let numeric = |name: &str| *has_forms && matches!(name, "count" | "all");
            let value = |name: &&'static str| {
                (*name, if numeric(name) { Value::from(21) } else { Value::from(format!("<{name}>")) })
            };
            let values: Vec<_> = variables.iter().map(value).collect();
            (phrase.name(), phrase.with(&values))
        })
        .collect()
}

#[test]
fn nothing_that_is_said_is_empty_or_shows_how_it_is_made() {
    for language in Language::ALL {
        for (name, text) in said_in(language) {
            let tag = language.tag();
            assert!(!text.trim().is_empty(), "{tag}: {name} says nothing");
            assert!(!text.contains(['{', '}', '$']), "{tag}: {name} says {text:?}");
            assert!(!text.contains(name) || !name.contains('-'), "{tag}: {name} says its name");
            assert!(!text.contains('\n'), "{tag}: {name} breaks its line");
        }
    }
}

#[test]
fn plurals_are_those_of_the_language() {
    #[rustfmt::skip]
    let cases = [
        (Language::German, 1, "1 Verbindung"), (Language::German, 0, "0 Verbindungen"),
        (Language::Spanish, 1, "1 conexión"), (Language::Spanish, 2, "2 conexiones"),
        // In French nought is singular.
        (Language::French, 0, "0 connexion"), (Language::French, 2, "2 connexions"),
        (Language::Japanese, 1, "1件の接続"), (Language::SimplifiedChinese, 2, "2 个连接"),
    ];
    for (language, count, text) in cases {
        speak(language);
        assert_eq!(say!("count-connections", count = count), text);
    }
}

#[test]
fn what_the_rest_of_crow_says_is_said_in_the_user_s_language() {
    use crate::helper::launch::LaunchError;

    let not_asked = LaunchError::NotAsked.to_string();
    assert_eq!(heard(&not_asked), not_asked, "English stays");
    speak(Language::German);
    let sentences = [
        not_asked,
        LaunchError::Dismissed.to_string(),
        LaunchError::NotAllowed("why".to_owned()).to_string(),
        LaunchError::NoWay("/x/crow-helper".into()).to_string(),
        LaunchError::Missing("/x/crow-helper".into()).to_string(),
        LaunchError::Translocated.to_string(),
        LaunchError::OddPath("/x".into()).to_string(),
        LaunchError::Tampered.to_string(),
        LaunchError::BadSignature.to_string(),
        LaunchError::TimedOut(7).to_string(),
    ];
    for sentence in &sentences {
        assert_ne!(heard(sentence), sentence.as_str(), "assets/lang does not know it any more");
    }
    assert_eq!(
        heard("the capture helper did not answer within 7 seconds; try again").matches('7').count(),
        1
    );
    assert_eq!(
        heard("curl was not ended: it has ended already."),
        "curl wurde nicht beendet: der Prozess ist schon zu Ende."
    );
    assert_eq!(heard("nobody has said this before"), "nobody has said this before");
    assert_eq!(heard("eth0"), "eth0");
}

#[test]
fn what_is_wrong_with_the_local_proxy_is_said_in_every_language() {
    use crate::process::controller::{Controller, read_answer};
    use crate::settings::ProxyApi;

    let here = "127.0.0.1:9090".parse().unwrap();
    let answered = |bytes: &[u8]| read_answer(here, bytes).unwrap_err().to_string();
    let silent = Controller::new("127.0.0.1:1".parse().unwrap(), "").unwrap().connections();
    let sentences = [
        ProxyApi::NO_ADDRESS.to_owned(),
        Controller::new("192.0.2.1:9090".parse().unwrap(), "").unwrap_err().to_string(),
        Controller::new(here, "\n").unwrap_err().to_string(),
        silent.unwrap_err().to_string(),
        answered(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
        answered(b"SSH-2.0-OpenSSH_9.9\r\n"),
        answered(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
    ];
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        speak(language);
        for sentence in &sentences {
            let said = heard(sentence);
            assert_ne!(said, sentence.as_str(), "{language:?} does not know it");
            assert!(!said.contains("controller"), "{said}");
            for reason in ["its answer", "it does not speak"] {
                assert!(!said.contains(reason), "half of it is English: {said}");
            }
        }
    }
}

#[test]
fn every_sentence_that_is_heard_stands_in_the_code() {
    // What a macro or a line break splits in the code is looked for by its longest part.
    let mut code = String::new();
    for folder in ["aggregate", "capture", "helper", "pipeline", "process", "store", "login_item"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder), &mut code);
    }
    for file in ["pipeline.rs", "login_item.rs", "settings.rs"] {
        code += &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).unwrap();
    }
    let code: String = code.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, (.., text)) in texts(Language::English) {
        if !name.starts_with(heard::SAID) {
            continue;
        }
        let parts = text.split("{ $").map(|part| part.split_once(" }").map_or(part, |(_, text)| text));
        let longest = parts.flat_map(|part| part.split(", and whose")).max_by_key(|part| part.len()).unwrap();
        let longest = longest.trim().trim_end_matches('.');
        assert!(code.contains(longest), "nobody says {longest:?} ({name})");
    }
}

fn collect(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn inter_has_the_letters_of_every_language_that_is_written_in_latin() {
    let ctx = egui::Context::default();
    crate::ui::fonts::install(&ctx);
    let mut missing = BTreeSet::new();
    let output = ctx.run_ui(egui::RawInput::default(), |ui| {
        ui.fonts_mut(|fonts| {
            let font = crate::ui::fonts::font(crate::ui::fonts::Weight::Medium, 13.0);
            for language in [Language::English, Language::German, Language::Spanish, Language::French] {
                let letters = catalogue::source(language)
                    .lines()
                    .filter(|line| !line.starts_with('#'))
                    .flat_map(str::chars);
                missing.extend(
                    letters
                        .filter(|letter| !fonts.has_glyph(&font, *letter))
                        .map(|letter| (language.tag(), letter)),
                );
            }
        });
    });
    output.drop_without_applying_deltas();
    assert!(missing.is_empty(), "{missing:?}");
}
