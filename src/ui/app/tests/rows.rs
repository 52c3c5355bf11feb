//! Tests of what can be done with rows: ending a process, showing its file, charts, icons, moving columns, local rows.

use super::*;
use crate::aggregate::snapshot::{Watch, Watched};
use crate::event::Signature;
use crate::session::Target;
use crate::settings::Distance;
use crate::ui::views::columns;

/// `beta` is a program of this user, `alpha` of another one.
fn with_programs() -> Snapshot {
    let program = |row: &Arc<ProcessRow>| {
        let path: Arc<str> = format!("/usr/bin/{}", row.name).into();
        let user: Arc<str> = if &*row.name == "alpha" { "bob".into() } else { "alice".into() };
        Arc::new(ProcessRow { path: Some(path), user: Some(user), ..ProcessRow::clone(row) })
    };
    Snapshot { processes: three().processes.iter().map(program).collect(), ..three() }
}

fn open_as_alice() -> (Window, Arc<Fake>) {
    let (mut window, fake) = open(with_programs());
    say(&fake, None);
    window.run();
    (window, fake)
}

fn say(fake: &Fake, notice: Option<&str>) {
    *fake.status.lock().unwrap() = Arc::new(Status {
        capture: CaptureState::Live,
        user: Some("alice".into()),
        notice: notice.map(Into::into),
        ..Status::default()
    });
}

fn beta() -> Target {
    Target { key: pid(20), name: "beta".into(), path: Some("/usr/bin/beta".into()) }
}

fn ask_to_quit_beta(window: &mut Window) {
    window.get_by_label_contains("beta").click_secondary();
    window.run();
    window.get_by_label("Quit process…").click();
    window.run();
}

#[test]
fn a_process_is_asked_to_end_after_a_question_and_forced_if_it_does_not_listen() {
    let (mut window, fake) = open_as_alice();
    ask_to_quit_beta(&mut window);
    window.get_by_label("Quit beta?");
    assert_eq!(fake.taken(), [], "nothing is done before the answer");
    type_text(&mut window, "q");
    assert_eq!(fake.taken(), [], "letters are no commands while a question stands");
    window.get_by_label("Quit process").click();
    window.run();
    assert_eq!(fake.taken(), [Action::EndProcess { target: beta(), force: false }]);
    assert!(window.query_by_label("beta has not quit").is_none(), "it is given time");
    window.run_steps(20);
    window.get_by_label("beta has not quit");
    window.get_by_label("Force quit").click();
    window.run();
    assert_eq!(fake.taken(), [Action::EndProcess { target: beta(), force: true }]);
    assert!(window.query_by_label("beta has not quit").is_none());
}

#[test]
fn a_process_that_ends_is_not_complained_of() {
    let (mut window, fake) = open_as_alice();
    ask_to_quit_beta(&mut window);
    window.get_by_label("Quit process").click();
    window.run();
    fake.put(three_without_beta());
    window.run_steps(25);
    assert!(window.query_by_label("beta has not quit").is_none());
}

fn three_without_beta() -> Snapshot {
    let processes = with_programs().processes;
    Snapshot { processes: processes.iter().filter(|row| &*row.name != "beta").cloned().collect(), ..three() }
}

#[test]
fn a_question_can_be_answered_with_no() {
    let (mut window, fake) = open_as_alice();
    ask_to_quit_beta(&mut window);
    window.get_by_label("Cancel").click();
    window.run();
    assert!(window.query_by_label("Quit beta?").is_none());
    ask_to_quit_beta(&mut window);
    press(&mut window, Press::Escape);
    assert!(window.query_by_label("Quit beta?").is_none());
    assert_eq!(fake.taken(), []);
}

#[test]
fn what_the_system_refuses_is_said() {
    let (mut window, fake) = open_as_alice();
    ask_to_quit_beta(&mut window);
    window.get_by_label("Quit process").click();
    window.run();
    say(&fake, Some("beta was not ended: it belongs to another user."));
    window.run_steps(25);
    window.get_by_label("That did not work");
    window.get_by_label_contains("it belongs to another user");
    assert!(window.query_by_label("beta has not quit").is_none(), "once is enough");
}

#[test]
fn only_the_user_s_own_processes_of_this_machine_can_be_ended() {
    let (mut window, fake) = open_as_alice();
    window.get_by_label_contains("alpha").click_secondary();
    window.run();
    window.get_by_label("Copy name");
    assert!(window.query_by_label("Quit process…").is_none(), "it is bob's");
    press(&mut window, Press::Escape);
    fake.put(Snapshot { source: Source::Recording, ..with_programs() });
    window.run_steps(5);
    window.get_by_label_contains("beta").click_secondary();
    window.run();
    window.get_by_label("Copy name");
    for label in ["Quit process…", text::reveal()] {
        assert!(window.query_by_label(label).is_none(), "a recording's processes are elsewhere: {label}");
    }
}

#[test]
fn a_program_is_shown_in_the_file_manager() {
    let (mut window, fake) = open_as_alice();
    window.get_by_label_contains("beta").click_secondary();
    window.run();
    window.get_by_label(text::reveal()).click();
    window.run();
    assert_eq!(fake.taken(), [Action::Reveal("/usr/bin/beta".into())]);
}

#[test]
fn the_details_offer_the_same_for_a_connection_s_process() {
    let (mut window, fake) = open_as_alice();
    window.key_press_modifiers(Modifiers::COMMAND, Press::Num2);
    window.run();
    press(&mut window, Press::ArrowDown);
    press(&mut window, Press::Enter);
    assert!(fake.taken().contains(&Action::Watch(Some(Watch::Connection(FlowId(1))))));
    window.get_by_label(text::reveal()).click();
    window.run();
    window.get_by_label("Quit process…").click();
    window.run();
    window.get_by_label("Quit beta?");
    assert!(fake.taken().contains(&Action::Reveal("/usr/bin/beta".into())));
}

#[test]
fn the_selected_row_is_watched_while_the_details_show() {
    let (mut window, fake) = open(three());
    press(&mut window, Press::ArrowDown);
    assert_eq!(fake.taken(), [], "nobody looks at a chart");
    window.key_press_modifiers(Modifiers::COMMAND, Press::I);
    window.run();
    let watch = Watch::Process(Some(pid(10)));
    let is_watch = |action: &Action| matches!(action, Action::Watch(_));
    let wishes: Vec<Action> = fake.taken().into_iter().filter(is_watch).collect();
    assert_eq!(wishes, [Action::Watch(Some(watch.clone()))], "once");
    window.get_by_label("Last minute");
    let samples = |count| (0..count).map(|_| Both { rx: 1000.0, tx: 10.0 }).collect();
    let (seconds, tens) = (samples(60), samples(40));
    let known = Duration::from_secs(400);
    let watched = Watched { of: watch, seconds, tens, tens_age: Duration::from_secs(3), known };
    fake.put(Snapshot { watched: Some(watched), ..three() });
    window.run();
    window.get_by_label("Last 10 minutes");
    window.get_by_label_contains("peaks: down 1.00\u{2009}kB/s, up 10\u{2009}B/s");
    window.key_press_modifiers(Modifiers::COMMAND, Press::I);
    window.run();
    assert!(fake.taken().contains(&Action::Watch(None)));
}

#[test]
fn the_details_say_who_signed_a_program_once_the_system_has_said_so() {
    let mut row = ProcessRow::clone(&process(1, "alpha", 1.0));
    row.path = Some("/Applications/Alpha.app/Contents/MacOS/alpha".into());
    let (mut window, fake) = open(Snapshot { processes: vec![Arc::new(row)].into(), ..Snapshot::default() });
    press(&mut window, Press::ArrowDown);
    window.key_press_modifiers(Modifiers::COMMAND, Press::I);
    window.run();
    assert!(window.query_by_label("Signed by").is_none(), "nothing is guessed");
    let by = |name: &str, team: Option<&str>, is_known| Signature::By {
        name: name.to_owned(),
        team: team.map(str::to_owned),
        is_known,
    };
    #[rustfmt::skip]
    let cases = [
        (by("Developer ID Application: A (TEAM)", Some("TEAM"), true), "Developer ID Application: A (TEAM)"),
        (by("Apple Mac OS Application Signing", Some("TEAM"), true), "Apple Mac OS Application Signing, team TEAM"),
        (by("Software Signing", None, true), "Software Signing"),
        (by("Software Signing", None, false), "Software Signing, for whom Apple does not vouch"),
        (Signature::AdHoc, "nobody by name (ad hoc)"),
        (Signature::None, "nobody"),
        (Signature::Broken, "somebody, and changed since then"),
    ];
    for (signature, words) in cases {
        let identity = Identity { bundle: Some("org.alpha".to_owned()), signature: Some(signature) };
        *fake.identity.lock().unwrap() = Some(Arc::new(identity));
        window.run();
        window.get_by_label("Bundle ID");
        window.get_by_label("org.alpha");
        window.get_by_label(words);
    }
}

#[test]
fn an_icon_is_asked_for_once_and_only_for_rows_in_sight() {
    let many = (1..1000).map(|number| process(number, &format!("p{number}"), 1000.0 - number as f32));
    let (mut window, fake) = open(Snapshot { processes: many.collect(), ..Snapshot::default() });
    window.run_steps(10);
    let asked = fake.icons_asked.lock().unwrap().clone();
    let different: BTreeSet<_> = asked.iter().collect();
    assert_eq!(asked.len(), different.len(), "each once");
    assert!((10..60).contains(&asked.len()), "{}", asked.len());
    assert!(asked.contains(&"p1".to_owned()));
}

#[test]
fn an_icon_of_the_wrong_size_does_no_harm() {
    let (mut window, fake) = open(Snapshot::default());
    for (app, pixels) in [("short", 3), ("whole", 32 * 32 * 4)] {
        *fake.icon.lock().unwrap() = Some(Arc::new(AppIcon { rgba: vec![200; pixels] }));
        fake.put(Snapshot { processes: vec![process(1, app, 1.0)].into(), ..Snapshot::default() });
        window.run_steps(6);
        assert_eq!(rows(&window), [app]);
    }
}

#[test]
fn a_column_is_moved_by_dragging_its_head() {
    let (mut window, fake) = open(three());
    let centre = |window: &Window, title: &str| window.get_by_label_contains(title).rect().center();
    let (from, to) = (centre(&window, "Downloaded,"), centre(&window, "PID,"));
    window.drag_at(from);
    window.run();
    window.hover_at(to - egui::vec2(10.0, 0.0));
    window.run();
    let accent = theme::of_context(&window.ctx).accent;
    let is_mark = |shape: &egui::epaint::ClippedShape| {
        let is_seen = shape.clip_rect.intersects(shape.shape.visual_bounding_rect());
        let egui::Shape::LineSegment { stroke, .. } = &shape.shape else { return false };
        is_seen && stroke.color == accent && stroke.width > 1.5
    };
    assert!(window.output().shapes.iter().any(is_mark), "where it would go");
    window.drop_at(to - egui::vec2(10.0, 0.0));
    window.run_steps(8);
    assert!(centre(&window, "Downloaded,").x < centre(&window, "PID,").x);
    assert!(centre(&window, "Process,").x < centre(&window, "Downloaded,").x);
    let saved = fake.taken().into_iter().rev().find_map(|action| match action {
        Action::SaveSettings(settings) => Some(settings.processes.order),
        _ => None,
    });
    assert_eq!(saved.unwrap().get(..3).unwrap(), ["name", "downloaded", "app"]);
    window.get_by_label("Down/s, sorted descending");
}

#[test]
fn local_rows_can_be_left_out_and_the_footer_says_how_many() {
    let local = |row: Arc<ConnectionRow>| {
        Arc::new(ConnectionRow { remote: "192.168.1.9:631".parse().unwrap(), ..ConnectionRow::clone(&row) })
    };
    let connections = vec![connection(1, 20, "one.example.com"), local(connection(2, 20, "printer.local"))];
    assert_eq!(connections.get(1).unwrap().distance(), Distance::LocalNetwork);
    let (mut window, _) = open(Snapshot { connections: connections.into(), ..three() });
    window.key_press_modifiers(Modifiers::COMMAND, Press::Num2);
    window.run();
    assert_eq!(rows(&window).len(), 2);
    window.key_press_modifiers(Modifiers::COMMAND, Press::Comma);
    window.run();
    window.get_by_label("Internet only").click();
    window.run();
    press(&mut window, Press::Escape);
    assert_eq!(rows(&window), ["one.example.com"]);
    window.get_by_label("1 of 2 connections, 1 local hidden");
    type_text(&mut window, "printer");
    window.get_by_label("Only local traffic: 1 row");
    window.get_by_label("Show it").click();
    window.run();
    assert_eq!(rows(&window), ["printer.local"]);
}

#[test]
fn a_recording_is_played_from_where_the_user_clicks() {
    let (mut window, fake) = open(three());
    let capture =
        CaptureState::Recording { played: Duration::from_mins(1), length: Some(Duration::from_mins(2)) };
    let status = Status { capture, paused: true, speed: 1.0, ..Status::default() };
    *fake.status.lock().unwrap() = Arc::new(status);
    window.run();
    window.get_by_label("One second on").click();
    window.run();
    assert_eq!(fake.taken(), [Action::Step]);
    let bar = window.get_by_role(Role::Slider).rect();
    let at = egui::pos2(bar.left() + bar.width() * 0.25, bar.center().y);
    window.drag_at(at);
    window.drop_at(at);
    window.run();
    let [Action::Seek(to)] = fake.taken()[..] else { panic!("one wish") };
    assert!((29.0..31.0).contains(&to.as_secs_f32()), "{to:?}");
    fake.capture(CaptureState::Ended { note: None });
    window.run();
    window.get_by_label("Play again").click();
    window.run();
    assert_eq!(fake.taken(), [Action::Seek(Duration::ZERO)]);
}

#[test]
fn reverse_dns_is_asked_for_by_the_user_only_and_ends_with_the_defaults() {
    let (mut window, fake) = open(three());
    assert!(!window.state().settings().reverse_dns);
    window.key_press_modifiers(Modifiers::COMMAND, Press::Comma);
    window.run();
    assert!(!fake.taken().iter().any(|action| matches!(action, Action::ReverseDns(_))));
    window.get_by_label_contains("reverse DNS").click();
    window.run();
    assert!(fake.taken().contains(&Action::ReverseDns(true)) && window.state().settings().reverse_dns);
    window.get_by_label("Restore defaults").click();
    window.run();
    assert!(fake.taken().contains(&Action::ReverseDns(false)) && !window.state().settings().reverse_dns);
}

#[test]
fn the_name_of_a_parent_that_uses_no_network_is_asked_of_the_system() {
    let mut snapshot = three();
    let child = ProcessRow { parent: Some(7), ..ProcessRow::clone(&process(10, "alpha", 300.0)) };
    let other = ProcessRow { parent: Some(10), ..ProcessRow::clone(&process(20, "beta", 200.0)) };
    snapshot.processes = vec![Arc::new(child), Arc::new(other)].into();
    snapshot.source = Source::Live;
    let (mut window, _) = open(snapshot);
    window.event(Event::Text(" ".to_owned()));
    press(&mut window, Press::ArrowDown);
    window.get_by_label("program 7 (7)");
    press(&mut window, Press::ArrowDown);
    window.get_by_label("alpha (10)");
}

#[test]
fn defaults_can_be_restored() {
    let (mut window, _) = open(three());
    window.get_by_label("Process, not sorted").click();
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Press::Comma);
    window.run();
    window.get_by_label("Light").click();
    window.run();
    window.get_by_label("Restore defaults").click();
    window.run();
    let settings = window.state().settings();
    assert_eq!((settings.appearance, &settings.processes.sort), (Appearance::System, &None));
}

/// How strongly the words of a row are drawn: 255 is whole.
fn strength(window: &Window, text: &str) -> u8 {
    let alphas = window.output().shapes.iter().filter_map(|clipped| match &clipped.shape {
        egui::Shape::Text(shape) if shape.galley.text() == text => {
            let rows = shape.galley.rows.iter();
            rows.flat_map(|row| row.visuals.mesh.vertices.iter().map(|vertex| vertex.color.a())).max()
        }
        _ => None,
    });
    alphas.max().unwrap()
}

/// `alpha` has ended at the beginning, and it is `seconds` later.
fn ended_before(seconds: u64) -> Snapshot {
    let row =
        ProcessRow { ended: Some(Timestamp::default()), ..ProcessRow::clone(&process(10, "alpha", 0.0)) };
    let time = Timestamp::default() + Duration::from_secs(seconds);
    let processes = vec![Arc::new(row), process(20, "beta", 200.0)].into();
    Snapshot { time, processes, ..Snapshot::default() }
}

#[test]
fn a_row_fades_before_it_goes() {
    let (mut window, fake) = open(ended_before(20));
    // The harness lets nothing move unless it is told to.
    theme::set_still(&window.ctx, false);
    window.run_steps(4);
    assert_eq!(strength(&window, "alpha"), 255, "greyed, but all there");
    fake.put(ended_before(28));
    window.run_steps(4);
    let fading = strength(&window, "alpha");
    assert!((140..200).contains(&fading), "{fading}");
    assert_eq!(strength(&window, "beta"), 255);
    fake.put(ended_before(40));
    window.run_steps(4);
    let last = strength(&window, "alpha");
    assert!((50..fading).contains(&last), "it can be read to the end: {last}");
    fake.put(Snapshot { source: Source::Recording, ..ended_before(28) });
    window.run_steps(4);
    assert_eq!(strength(&window, "alpha"), 255, "in a recording nothing goes");
}

#[test]
fn nothing_fades_where_the_user_wants_no_motion() {
    let (mut window, fake) = open(ended_before(20));
    theme::set_still(&window.ctx, true);
    fake.put(ended_before(28));
    window.run_steps(4);
    assert_eq!(strength(&window, "alpha"), 255);
}

#[test]
fn only_connections_in_sight_are_charted() {
    let many = (1..1000).map(|flow| connection(flow, 20, "one.example.com")).collect();
    let (mut window, fake) = open(Snapshot { connections: many, ..three() });
    let wishes = |fake: &Fake| -> Vec<Vec<FlowId>> {
        let of = |action| if let Action::InSight(flows) = action { Some(flows) } else { None };
        fake.taken().into_iter().filter_map(of).collect()
    };
    assert!(wishes(&fake).is_empty(), "no connection shows");
    window.key_press_modifiers(Modifiers::COMMAND, Press::Num2);
    window.run();
    let seen = wishes(&fake);
    let [flows] = &seen[..] else { panic!("once: {seen:?}") };
    assert!((15..60).contains(&flows.len()), "{}", flows.len());
    press(&mut window, Press::End);
    assert_eq!(wishes(&fake).last().and_then(|flows| flows.last().copied()), Some(FlowId(999)));
    window.state_mut().settings.connections.columns.insert("activity".to_owned(), false);
    window.run();
    assert_eq!(wishes(&fake), [Vec::new()], "without the column nothing is drawn");
}

#[test]
fn every_column_of_every_table_can_be_shown() {
    for view in [View::Processes, View::Connections, View::Domains] {
        let mut settings = Settings { view, ..Settings::default() };
        for column in columns(view) {
            settings.table_mut(view).columns.insert(column.field.id().to_owned(), true);
            settings.table_mut(view).widths.insert(column.field.id().to_owned(), 48.0);
        }
        let (window, _) = open_with(three(), settings);
        for column in columns(view) {
            let title = column.title.text();
            assert!(window.query_all_by_label_contains(&format!("{title}, ")).next().is_some(), "{title}");
        }
    }
}

#[test]
fn a_process_says_how_it_asks_for_names() {
    use crate::ui::views::process::names_of;
    let says = |in_clear, for_others, resolvers: &[&str]| {
        let resolvers = resolvers.iter().map(|name| Arc::from(*name)).collect();
        let asking = Asking { in_clear, for_others, resolvers };
        names_of(&ProcessRow { asking, ..ProcessRow::clone(&process(1, "alpha", 1.0)) })
    };
    #[rustfmt::skip]
    let cases = [
        (says(false, false, &[]), None),
        (says(true, false, &[]), None),
        (says(false, false, &["Quad9"]), Some("asked for only in encrypted DNS (Quad9), as far as Crow has seen")),
        (says(true, false, &["A", "B"]), Some("asked for also in encrypted DNS (A, B), as far as Crow has seen")),
        (says(true, true, &[]), Some("asked for on behalf of others, as far as Crow has seen")),
        (says(false, true, &["A"]), Some("asked for on behalf of others, by encrypted DNS (A), as far as Crow has seen")),
    ];
    for (said, expected) in cases {
        assert_eq!(said.as_deref(), expected);
    }
}

#[test]
fn a_row_s_menu_is_opened_and_used_by_the_keyboard_alone() {
    let (mut window, _fake) = open(three());
    let menu_key = crate::ui::keys::MENU;
    for key in [Press::ArrowDown, Press::ArrowDown] {
        press(&mut window, key);
    }
    let row = window.get_by_label_contains("beta").rect();
    window.key_press_modifiers(menu_key.modifiers, menu_key.logical_key);
    window.run();
    let entry = window.get_by_label("Copy name");
    assert!((entry.rect().top() - row.bottom()).abs() < 12.0, "it stands at its row");
    assert!(entry.is_focused(), "the first entry is chosen");
    press(&mut window, Press::ArrowDown);
    press(&mut window, Press::ArrowUp);
    window.key_down(Press::Enter);
    window.step();
    assert_eq!(copied(&window).as_deref(), Some("beta"));
    window.key_up(Press::Enter);
    window.run();
    assert!(window.query_by_label("Copy name").is_none(), "what is chosen closes it");

    press(&mut window, Press::Menu);
    window.get_by_label("Copy name");
    press(&mut window, Press::Escape);
    assert!(window.query_by_label("Copy name").is_none(), "Esc closes it");
    press(&mut window, Press::ArrowDown);
    window.get_by_label_contains("gamma").click_secondary();
    window.run();
    window.get_by_label("Copy name");
}
