//! The window in each of its languages: every view, menu and sheet says its own words, and everything fits.

use super::*;
use crate::lang;
use crate::settings::Language;
use crate::ui::fonts::{Weight, font};
use crate::ui::views::{Column, columns};

/// Words that each language says, which no other says: the three views, the settings' first line, the sheet of keys,
/// and the menus' copying of a row.
const WORDS: [(Language, [&str; 3], &str, &str, &str); 6] = [
    (Language::English, ["Processes", "Connections", "Domains"], "Appearance", "quits Crow", "Copy row"),
    (
        Language::German,
        ["Prozesse", "Verbindungen", "Domains"],
        "Erscheinungsbild",
        "beendet Crow",
        "Zeile kopieren",
    ),
    (Language::Spanish, ["Procesos", "Conexiones", "Dominios"], "Apariencia", "sale de Crow", "Copiar fila"),
    (
        Language::French,
        ["Processus", "Connexions", "Domaines"],
        "Apparence",
        "quitte Crow",
        "Copier la ligne",
    ),
    (Language::Japanese, ["プロセス", "接続", "ドメイン"], "外観モード", "Crowを終了", "行をコピー"),
    (Language::SimplifiedChinese, ["进程", "连接", "域名"], "外观", "退出 Crow", "拷贝行"),
];

fn open_in(language: Language, snapshot: Snapshot) -> (Window, Arc<Fake>) {
    let settings = Settings { language: LanguageChoice::Always(language), ..Settings::default() };
    let (mut window, fake) = open_with(snapshot, settings);
    window.run();
    (window, fake)
}

/// Everything that the window says, as those hear it who cannot see it.
fn labels(window: &Window) -> Vec<String> {
    let said = |node: egui_kittest::Node<'_>| {
        let node = node.accesskit_node();
        [node.label(), node.value()].into_iter().flatten().collect::<Vec<_>>()
    };
    window.root().children_recursive().flat_map(said).collect()
}

#[test]
fn each_view_speaks_the_chosen_language() {
    for (language, views, appearance, quits, copy) in WORDS {
        let (mut window, _) = open_in(language, three());
        for (view, key) in views.into_iter().zip([Press::Num1, Press::Num2, Press::Num3]) {
            window.key_press_modifiers(Modifiers::COMMAND, key);
            window.run();
            window.get_by_role_and_label(Role::Tab, view);
            assert_eq!(lang::spoken(), language);
            let title = columns(window.state().settings().view).first().unwrap().title.text();
            assert!(
                window.query_all_by_role(Role::ColumnHeader).any(|head| {
                    head.accesskit_node().label().is_some_and(|label| label.starts_with(title))
                }),
                "{language:?}: {title}"
            );
        }
        window.get_by_label_contains("example.com").click_secondary();
        window.run();
        window.get_by_label(copy);
        press(&mut window, Press::Escape);
        type_text(&mut window, "?");
        window.get_by_label(quits);
        press(&mut window, Press::Escape);
        request_settings(&window.ctx);
        window.run_steps(3);
        window.get_by_label(appearance);
    }
}

#[test]
fn no_name_of_a_text_ever_shows() {
    let names: Vec<&str> =
        lang::Phrase::all().map(lang::Phrase::name).filter(|name| name.contains('-')).collect();
    for (language, ..) in WORDS {
        let mut snapshot = three();
        snapshot.totals.capture.dropped = 12;
        snapshot.limits = vec!["A sentence that nobody translates.".into()];
        let (mut window, fake) = open_in(language, snapshot);
        fake.capture(CaptureState::Gone { why: "permission to capture was refused: why".into() });
        press(&mut window, Press::ArrowDown);
        type_text(&mut window, " ");
        request_settings(&window.ctx);
        window.run_steps(3);
        let said = labels(&window);
        assert!(said.len() > 40, "{language:?}: {}", said.len());
        for label in said {
            assert!(
                !names.contains(&label.as_str()) && !label.contains(['{', '}']),
                "{language:?} says {label:?}"
            );
        }
    }
}

#[test]
fn the_language_is_chosen_in_the_settings_and_changes_at_once() {
    let english = Settings { language: LanguageChoice::Always(Language::English), ..Settings::default() };
    let (mut window, fake) = open_with(three(), english);
    request_settings(&window.ctx);
    window.run_steps(3);
    window.get_by_label("Language, English").click();
    window.run_steps(3);
    for language in Language::ALL {
        assert!(window.query_all_by_label(lang::own_name(language)).next().is_some(), "{language:?}");
    }
    window.get_by_label("Deutsch").click();
    window.run_steps(8);
    assert_eq!(window.state().settings().language, LanguageChoice::Always(Language::German));
    window.get_by_role_and_label(Role::Tab, "Prozesse");
    window.get_by_label("3 von 3 Prozessen");
    let saved = fake.taken().into_iter().rev().find_map(|action| match action {
        Action::SaveSettings(settings) => Some(settings.language),
        _ => None,
    });
    assert_eq!(saved, Some(LanguageChoice::Always(Language::German)));
}

#[test]
fn what_is_wrong_and_why_is_said_in_the_language() {
    let (mut window, fake) = open_in(Language::German, three());
    let why = crate::helper::launch::LaunchError::NotAsked.to_string().into();
    fake.capture(CaptureState::Sockets { why, is_asking: false });
    window.run();
    window.get_by_label("Crow sieht nur offene TCP-Verbindungen");
    window.get_by_label_contains("deiner Erlaubnis");
    window.get_by_label("Live-Erfassung starten");
    type_text(&mut window, "pid:x");
    window.get_by_label("Crow versteht diesen Filter nicht");
    window.get_by_label_contains("braucht eine Zahl");
}

/// A title needs its cell's room on both sides; the triangle of a sorted column may take the one beside it.
#[test]
fn every_title_of_a_column_fits_into_it() {
    for (language, ..) in WORDS {
        let (mut window, _) = open_in(language, three());
        for view in [View::Processes, View::Connections, View::Domains] {
            let all = columns(view).iter().map(|column| (column.field.id().to_owned(), true)).collect();
            window.state_mut().settings.table_mut(view).columns = all;
            window.state_mut().settings.view = view;
            window.run();
            let heads: Vec<(String, f32)> = window
                .query_all_by_role(Role::ColumnHeader)
                .map(|head| (head.accesskit_node().label().unwrap_or_default(), head.rect().width()))
                .collect();
            assert_eq!(heads.len(), columns(view).len(), "{language:?} {view:?}");
            let title_width = |column: &Column| {
                let layout = |fonts: &mut egui::epaint::FontsView<'_>| {
                    let (text, font) = (column.title.text().to_owned(), font(Weight::Medium, 11.5));
                    fonts.layout_no_wrap(text, font, egui::Color32::WHITE).size().x
                };
                window.ctx.fonts_mut(layout)
            };
            for column in columns(view) {
                let title = column.title.text();
                let (_, width) = heads
                    .iter()
                    .find(|(label, _)| {
                        label.starts_with(&format!("{title}, "))
                            || label.starts_with(&format!("{title}、"))
                            || label.starts_with(&format!("{title}，"))
                    })
                    .unwrap();
                assert!(
                    title_width(column) + 20.0 <= *width + 0.5,
                    "{language:?}: {title} in {width} points"
                );
            }
        }
    }
}
