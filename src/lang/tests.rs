//! Languages are found by their tags, and texts by their names.

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
