//! Tests of the window through its roles and names.

mod languages;
mod pictures;
mod raster;
mod rows;

use std::net::SocketAddr;
use std::sync::Mutex;

use egui::{Event, Key as Press, Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::*;
use crate::aggregate::snapshot::{Asking, Both, HostName, HostSource, Route};
use crate::event::{App as AppName, FlowId, Identity, InterfaceKind, ProcessKey, Protocol, TcpState};
use crate::session::{AppIcon, IconState, Job, JobResult, LoginItem, Program};
use crate::settings::{LanguageChoice, Prefixes, RateUnit, RateWindow};
use crate::time::Timestamp;
use crate::ui::views::Key;
use crate::ui::views::table::sort_of;
use crate::units::{Bytes, BytesPerSec};

/// A backend that shows what a test gives it and remembers what it was asked for.
#[derive(Default)]
struct Fake {
    snapshot: Mutex<Arc<Snapshot>>,
    status: Mutex<Arc<Status>>,
    actions: Mutex<Vec<Action>>,
    /// Jobs that wait for the test to do them; without this, there is nobody to do any.
    jobs: Mutex<Option<Vec<Job>>>,
    results: Mutex<Vec<JobResult>>,
    /// Icons that were asked for, and the one to give.
    icon: Mutex<Option<Arc<AppIcon>>>,
    icons_asked: Mutex<Vec<String>>,
    /// Who every program is.
    identity: Mutex<Option<Arc<Identity>>>,
}

impl Backend for Fake {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.lock().unwrap())
    }

    fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status.lock().unwrap())
    }

    fn act(&self, action: Action) {
        self.actions.lock().unwrap().push(action);
    }

    fn work(&self, job: Job) -> Result<(), Job> {
        match &mut *self.jobs.lock().unwrap() {
            Some(jobs) => {
                jobs.push(job);
                Ok(())
            }
            None => Err(job),
        }
    }

    fn worked(&self) -> Option<JobResult> {
        self.results.lock().unwrap().pop()
    }

    fn icon(&self, program: &Program) -> IconState {
        self.icons_asked.lock().unwrap().push(program.app.clone());
        self.icon.lock().unwrap().clone().map_or(IconState::None, IconState::Found)
    }

    fn name_of(&self, pid: i32) -> Option<Arc<str>> {
        Some(format!("program {pid}").into())
    }

    fn identity(&self, _program: &Program) -> Option<Arc<Identity>> {
        self.identity.lock().unwrap().clone()
    }
}

impl Fake {
    fn put(&self, snapshot: Snapshot) {
        let mut newest = self.snapshot.lock().unwrap();
        let generation = newest.generation + 1;
        *newest = Arc::new(Snapshot { generation, ..snapshot });
    }

    fn capture(&self, capture: CaptureState) {
        *self.status.lock().unwrap() = Arc::new(Status { capture, ..Status::default() });
    }

    /// Does the waiting jobs.
    fn do_jobs(&self) {
        let jobs = self.jobs.lock().unwrap().replace(Vec::new()).unwrap_or_default();
        let results = jobs.into_iter().map(|job| job()).filter(|result| !result.is::<()>());
        self.results.lock().unwrap().extend(results);
    }

    fn taken(&self) -> Vec<Action> {
        std::mem::take(&mut self.actions.lock().unwrap())
    }
}

fn rate(value: f32) -> BytesPerSec {
    BytesPerSec::from(value)
}

fn pid(pid: i32) -> ProcessKey {
    ProcessKey { pid, started: None }
}

fn process(number: i32, name: &str, down: f32) -> Arc<ProcessRow> {
    Arc::new(ProcessRow {
        key: Some(pid(number)),
        name: name.into(),
        app: AppName { id: name.to_owned(), name: name.to_owned() },
        path: None,
        user: Some("alice".into()),
        parent: None,
        bytes: Both { rx: Bytes(number.unsigned_abs().into()), tx: Bytes(0) },
        rate: Both { rx: rate(down), tx: rate(0.0) },
        connections: 1,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        asking: Asking::default(),
        history: Arc::new([]),
    })
}

fn connection(flow: u64, owner: i32, host: &str) -> Arc<ConnectionRow> {
    let address: SocketAddr = "93.184.216.34:443".parse().unwrap();
    let name =
        HostName { name: host.into(), source: HostSource::Sni, learned: Timestamp::default(), outer: false };
    Arc::new(ConnectionRow {
        flow: FlowId(flow),
        process: Some(pid(owner)),
        process_name: format!("program {owner}").into(),
        via: None,
        protocol: Protocol::TCP,
        local: "10.0.0.2:50000".parse().unwrap(),
        remote: address,
        interface: "en0".into(),
        interface_kind: InterfaceKind::Physical,
        host: Some(name),
        domain: Some("example.com".into()),
        service: Some("https"),
        state: Some(TcpState::Established),
        bytes: Both::default(),
        packets: Both::default(),
        rate: Both { rx: rate(10.0), tx: rate(0.0) },
        rtt_us: None,
        retransmits: 0,
        wakes: 0,
        keep_alives: 0,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        credited: true,
        counted: Both::default(),
        route: Route::Direct,
        route_via: None,
        route_chain: None,
    })
}

fn domain(name: &str) -> Arc<DomainRow> {
    Arc::new(DomainRow {
        domain: name.into(),
        is_address: false,
        hosts: vec![],
        processes: vec![],
        bytes: Both::default(),
        rate: Both::default(),
        connections: 1,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        history: Arc::new([]),
    })
}

fn three() -> Snapshot {
    Snapshot {
        processes: vec![process(10, "alpha", 300.0), process(20, "beta", 200.0), process(30, "gamma", 100.0)]
            .into(),
        connections: vec![connection(1, 20, "one.example.com"), connection(2, 20, "two.example.com")].into(),
        domains: vec![domain("example.com"), domain("example.org")].into(),
        ..Snapshot::default()
    }
}

type Window = Harness<'static, App>;

fn open(snapshot: Snapshot) -> (Window, Arc<Fake>) {
    open_with(snapshot, Settings::default())
}

fn open_with(snapshot: Snapshot, settings: Settings) -> (Window, Arc<Fake>) {
    let fake = Arc::new(Fake::default());
    fake.capture(CaptureState::Live);
    fake.put(snapshot);
    let backend: Arc<dyn Backend> = Arc::<Fake>::clone(&fake);
    // The harness brings a context of its own, which is given what `App::new` gives the window's.
    let app = App::new(&Context::default(), backend, settings, String::new());
    // Inter has no Chinese characters, and the tests bring no other font.
    let builder = match app.settings.language {
        LanguageChoice::System => Harness::builder(),
        LanguageChoice::Always(_) => Harness::builder().allow_missing_glyphs(),
    };
    let window = builder
        .with_size([1120.0, 600.0])
        .with_max_steps(20)
        .with_step_dt(0.3)
        .with_context_setup(|ctx| {
            fonts::install(ctx);
            theme::install(ctx);
        })
        .build_ui_state(
            |ui, app: &mut App| {
                app.refresh();
                app.window_ui(ui);
            },
            app,
        );
    (window, fake)
}

/// The rows in sight, from top to bottom: the first word of each.
fn rows(window: &Window) -> Vec<String> {
    let mut rows: Vec<_> = window
        .query_all_by_role(Role::Row)
        .map(|node| (node.rect().top(), node.accesskit_node().label().unwrap_or_default()))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|(_, label)| label.split([',', ' ']).next().unwrap_or_default().to_owned()).collect()
}

fn type_text(window: &mut Window, text: &str) {
    for letter in text.chars() {
        window.event(Event::Text(letter.to_string()));
        window.run();
    }
}

/// What the last frame put on the clipboard.
fn copied(window: &Window) -> Option<String> {
    window.output().platform_output.commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

fn press(window: &mut Window, key: Press) {
    window.key_press(key);
    window.run();
}

fn selected(window: &Window) -> Option<Key> {
    let [processes, connections, domains] = &window.state().tables;
    match window.state().settings.view {
        View::Processes => processes.selected().cloned(),
        View::Connections => connections.selected().cloned(),
        View::Domains => domains.selected().cloned(),
    }
}

#[test]
fn controls_have_roles_and_names() {
    let (window, _) = open(three());
    for name in ["Processes", "Connections", "Domains"] {
        window.get_by_role_and_label(Role::Tab, name);
    }
    for name in ["Pause", "Settings"] {
        window.get_by_role_and_label(Role::Button, name);
    }
    window.get_by_role(Role::TextInput);
    window.get_by_role_and_label(Role::ColumnHeader, "Down/s, sorted descending");
    window.get_by_label("alpha, down 300 B/s, up 0 B/s, 1 connection");
    window.get_by_label("3 of 3 processes");
    window.get_by_label_contains("Capturing");
}

#[test]
fn a_click_on_a_header_sorts_and_a_second_one_turns_it_round() {
    let (mut window, _) = open(three());
    assert_eq!(rows(&window), ["alpha", "beta", "gamma"]);
    window.get_by_label("Process, not sorted").click();
    window.run();
    window.get_by_label("Process, sorted ascending").click();
    window.run();
    assert_eq!(rows(&window), ["gamma", "beta", "alpha"], "text: ascending, then descending");
    window.get_by_label("PID, not sorted").click();
    window.run();
    window.get_by_label("PID, sorted descending");
    assert_eq!(rows(&window), ["gamma", "beta", "alpha"], "numbers: descending first");
    window.get_by_label("PID, sorted descending").click();
    window.run();
    assert_eq!(rows(&window), ["alpha", "beta", "gamma"]);
}

#[test]
fn typing_filters_at_once_and_escape_clears() {
    let (mut window, fake) = open(three());
    type_text(&mut window, "be");
    assert_eq!(window.state().filter_text, "be");
    assert_eq!(rows(&window), ["beta"]);
    window.get_by_label("1 of 3 processes");
    type_text(&mut window, "q");
    window.get_by_label("No matches for “beq”");
    assert!(!fake.taken().contains(&Action::Quit), "q is a letter while there is a filter");
    window.get_by_label("Clear").click();
    window.run();
    assert_eq!(rows(&window).len(), 3);
    type_text(&mut window, "gam");
    press(&mut window, Press::Escape);
    assert_eq!(window.state().filter_text, "");
    assert_eq!(rows(&window).len(), 3);
}

#[test]
fn a_filter_that_is_not_understood_says_so_and_the_words_before_it_filter() {
    let (mut window, _) = open(three());
    type_text(&mut window, "beta");
    window.event(Event::Text(" pid:x".to_owned()));
    window.run();
    window.get_by_label("This filter is not understood");
    assert_eq!(rows(&window), ["beta"]);
    press(&mut window, Press::Escape);
    type_text(&mut window, "pid:");
    window.get_by_label("This filter is not understood");
    assert_eq!(rows(&window).len(), 3, "a word that is not finished hides nothing");
}

#[test]
fn letters_are_commands_only_while_there_is_no_filter() {
    let (mut window, fake) = open(three());
    type_text(&mut window, "jj");
    assert_eq!(selected(&window), Some(Key::Process(Some(pid(20)))));
    type_text(&mut window, "k");
    assert_eq!(selected(&window), Some(Key::Process(Some(pid(10)))));
    let sort = |window: &Window| sort_of(View::Processes, window.state().settings().table(View::Processes));
    let mut seen = Vec::new();
    for _ in 0..4 {
        type_text(&mut window, "s");
        seen.push(sort(&window).0.id());
    }
    assert_eq!(seen, ["activity", "connections", "pid", "name"]);
    type_text(&mut window, "/");
    type_text(&mut window, "jq");
    assert_eq!(window.state().filter_text, "jq");
    press(&mut window, Press::Escape);
    assert!(!fake.taken().contains(&Action::Quit));
    type_text(&mut window, "q");
    assert!(fake.taken().contains(&Action::Quit));
}

#[test]
fn tab_and_numbers_show_the_other_tables() {
    let (mut window, _) = open(three());
    press(&mut window, Press::Tab);
    window.get_by_label("2 of 2 connections");
    press(&mut window, Press::Tab);
    window.get_by_label("2 of 2 domains");
    press(&mut window, Press::Tab);
    window.get_by_label("3 of 3 processes");
    window.key_press_modifiers(Modifiers::COMMAND, Press::Num2);
    window.run();
    assert_eq!(rows(&window), ["one.example.com", "two.example.com"]);
    window.get_by_role_and_label(Role::Tab, "Domains").click();
    window.run();
    assert_eq!(rows(&window), ["example.com", "example.org"]);
}

#[test]
fn shift_and_tab_lead_to_the_controls_and_escape_leads_back() {
    let (mut window, _) = open(three());
    let focused = |window: &Window| window.ctx.memory(egui::Memory::focused);
    let view = |window: &Window| window.state().settings.view;
    // Quicker than a frame: Shift is up again when it is drawn.
    let back = |window: &mut Window| {
        let (key, modifiers) = (Press::Tab, Modifiers::SHIFT);
        for pressed in [true, false] {
            window.event(Event::Key { key, physical_key: None, pressed, repeat: false, modifiers });
        }
        window.run();
    };
    back(&mut window);
    let name = |window: &Window| {
        let focused = window.root().children_recursive().find(|node| node.accesskit_node().is_focused());
        focused.and_then(|node| node.accesskit_node().label()).unwrap_or_default()
    };
    assert_eq!(name(&window), "Processes", "the first of them");
    let mut seen = BTreeSet::new();
    while focused(&window).is_some() && seen.len() < 40 {
        assert!(seen.insert(name(&window)), "each once: {seen:?}");
        assert_eq!(view(&window), View::Processes, "among the controls it goes to the next one");
        press(&mut window, Press::Tab);
    }
    let has = |name: &str| seen.contains(name);
    assert!(has("Pause") && has("Settings") && has("Filter") && has("PID, not sorted"), "{seen:?}");
    assert_eq!(focused(&window), None, "after the last one comes the table again");
    press(&mut window, Press::Tab);
    assert_eq!(view(&window), View::Connections);
    back(&mut window);
    assert!(focused(&window).is_some());
    press(&mut window, Press::Escape);
    assert_eq!(focused(&window), None);
}

#[test]
fn ten_thousand_rows_are_walked_but_only_those_in_sight_are_built() {
    let processes =
        (1..=10_000_i16).map(|n| process(n.into(), &format!("p{n}"), 20_000.0 - f32::from(n))).collect();
    let (mut window, _) = open(Snapshot { processes, ..Snapshot::default() });
    let built = |window: &Window| window.query_all_by_role(Role::Row).count();
    assert!((15..60).contains(&built(&window)), "{}", built(&window));
    for _ in 0..40 {
        press(&mut window, Press::ArrowDown);
    }
    assert_eq!(selected(&window), Some(Key::Process(Some(pid(40)))));
    assert!(rows(&window).contains(&"p40".to_owned()), "the selection stays in sight");
    press(&mut window, Press::End);
    assert_eq!(rows(&window).last().map(String::as_str), Some("p10000"));
    press(&mut window, Press::PageUp);
    press(&mut window, Press::Home);
    assert_eq!(selected(&window), Some(Key::Process(Some(pid(1)))));
    assert!(built(&window) < 60);
}

#[test]
fn enter_opens_a_process_in_place() {
    let (mut window, _) = open(three());
    press(&mut window, Press::ArrowDown);
    press(&mut window, Press::ArrowDown);
    press(&mut window, Press::Enter);
    assert_eq!(rows(&window), ["alpha", "beta", "one.example.com", "two.example.com", "gamma"]);
    press(&mut window, Press::ArrowDown);
    assert_eq!(selected(&window), Some(Key::Connection(FlowId(1))));
    press(&mut window, Press::ArrowLeft);
    assert_eq!(selected(&window), Some(Key::Process(Some(pid(20)))), "left goes to the process");
    press(&mut window, Press::ArrowLeft);
    assert_eq!(rows(&window), ["alpha", "beta", "gamma"]);
    let triangle = window.get_by_label_contains("beta").rect().left_center() + egui::vec2(12.0, 0.0);
    window.drag_at(triangle);
    window.drop_at(triangle);
    window.run();
    assert_eq!(rows(&window).len(), 5, "a click on the triangle opens as well");
}

#[test]
fn a_domain_opens_to_its_hosts_and_a_host_to_its_connections() {
    let (mut window, _) = open(three());
    window.key_press_modifiers(Modifiers::COMMAND, Press::Num3);
    window.run();
    press(&mut window, Press::ArrowDown);
    press(&mut window, Press::ArrowRight);
    assert_eq!(rows(&window), ["example.com", "one.example.com", "two.example.com", "example.org"]);
    press(&mut window, Press::ArrowDown);
    press(&mut window, Press::Enter);
    let opened = ["example.com", "one.example.com", "93.184.216.34:443", "two.example.com", "example.org"];
    assert_eq!(shown(&window), opened, "a host opens to its connections");
    press(&mut window, Press::ArrowDown);
    assert_eq!(selected(&window), Some(Key::Connection(FlowId(1))));
    press(&mut window, Press::ArrowLeft);
    let host = Key::Host("example.com".into(), "one.example.com".into());
    assert_eq!(selected(&window), Some(host.clone()), "left goes to the host");
    press(&mut window, Press::ArrowLeft);
    assert_eq!(selected(&window), Some(host), "which closes");
    assert_eq!(rows(&window), ["example.com", "one.example.com", "two.example.com", "example.org"]);
    press(&mut window, Press::ArrowLeft);
    assert_eq!(selected(&window), Some(Key::Domain("example.com".into())), "and then to the domain");
}

/// The rows in sight by what their first column shows: a connection below its host shows the address.
fn shown(window: &Window) -> Vec<String> {
    let state = &window.state().tables;
    let [_, _, domains] = state;
    domains
        .order_of_keys()
        .map(|key| match key {
            Key::Connection(_) => "93.184.216.34:443".to_owned(),
            Key::Domain(name) | Key::Host(_, name) => name.to_string(),
            Key::Process(_) => String::new(),
        })
        .collect()
}

#[test]
fn the_selection_stays_on_its_row_while_the_order_changes() {
    let (mut window, fake) = open(three());
    press(&mut window, Press::ArrowDown);
    assert_eq!(selected(&window), Some(Key::Process(Some(pid(10)))));
    fake.put(Snapshot {
        processes: vec![process(10, "alpha", 1.0), process(20, "beta", 9.0)].into(),
        ..three()
    });
    window.run_steps(5);
    assert_eq!(rows(&window), ["beta", "alpha"]);
    assert_eq!(selected(&window), Some(Key::Process(Some(pid(10)))));
}

#[test]
fn the_order_changes_at_most_once_a_second() {
    let (mut window, fake) = open(three());
    window.run_steps(5);
    let swapped = |down| Snapshot {
        processes: vec![process(10, "alpha", down), process(20, "beta", 5.0)].into(),
        ..three()
    };
    fake.put(swapped(1.0));
    window.step();
    assert_eq!(rows(&window), ["beta", "alpha"]);
    fake.put(swapped(9.0));
    window.step();
    assert_eq!(rows(&window), ["beta", "alpha"], "0.3 s later: the values move, the rows stay");
    window.get_by_label_contains("alpha, down 9 B/s");
    window.run_steps(5);
    assert_eq!(rows(&window), ["alpha", "beta"]);
}

#[test]
fn the_order_is_held_while_a_menu_is_open_and_the_menu_keeps_its_row() {
    let (mut window, fake) = open(three());
    window.get_by_label_contains("beta").click_secondary();
    window.run();
    window.remove_cursor();
    let mut processes =
        vec![process(5, "new", 5000.0), process(20, "beta", 9000.0), process(30, "gamma", 1.0)];
    fake.put(Snapshot { processes: processes.clone().into(), ..three() });
    window.run_steps(8);
    assert_eq!(rows(&window), ["beta", "gamma", "new"], "alpha went, the new one is last, no other moved");
    window.get_by_label("Copy name").click();
    window.step();
    let copied = copied(&window);
    window.run();
    assert_eq!(copied.as_deref(), Some("beta"));
    processes.push(process(40, "delta", 7000.0));
    window.remove_cursor();
    fake.put(Snapshot { processes: processes.into(), ..three() });
    window.run_steps(8);
    assert_eq!(rows(&window), ["beta", "delta", "new", "gamma"], "sorted again");
}

#[test]
fn the_order_is_held_while_the_pointer_is_on_a_row() {
    let (mut window, fake) = open(three());
    window.get_by_label_contains("gamma").hover();
    window.run();
    fake.put(Snapshot {
        processes: vec![process(10, "alpha", 1.0), process(20, "beta", 2.0), process(30, "gamma", 3.0)]
            .into(),
        ..three()
    });
    window.run_steps(8);
    assert_eq!(rows(&window), ["alpha", "beta", "gamma"]);
    window.get_by_label_contains("order held");
    window.remove_cursor();
    window.run_steps(8);
    assert_eq!(rows(&window), ["gamma", "beta", "alpha"]);
}

#[test]
fn each_state_says_itself_and_offers_what_mends_it() {
    let why: Arc<str> = "No right to capture.".into();
    #[rustfmt::skip]
    let cases = [
        (CaptureState::Sample { why: Arc::clone(&why) }, "This is a sample recording, not your network", "Start live capture"),
        (CaptureState::Gone { why: Arc::clone(&why) }, "Capture has stopped", "Start again"),
        (CaptureState::Sockets { why: Arc::clone(&why), is_asking: false }, "Crow sees open TCP connections only", "Start live capture"),
    ];
    for (capture, strong, button) in cases {
        let (mut window, fake) = open(three());
        fake.capture(capture);
        window.run();
        window.get_by_label(strong);
        window.get_by_label_contains("No right to capture.");
        window.get_by_label(button).click();
        window.run();
        assert_eq!(fake.taken(), [Action::StartCapture], "{strong}");
    }
}

#[test]
fn while_permission_is_asked_for_it_is_not_asked_for_again() {
    let (mut window, fake) = open(three());
    fake.capture(CaptureState::Sockets { why: "waiting for your permission".into(), is_asking: true });
    window.run();
    window.get_by_label_contains("Waiting for your permission.");
    assert!(window.query_by_label("Start live capture").is_none());
}

#[test]
fn a_recording_shows_where_it_is_and_how_fast_it_plays() {
    let (mut window, fake) = open(three());
    let played = Duration::from_secs(67);
    fake.capture(CaptureState::Recording { played, length: Some(Duration::from_mins(5)) });
    window.run();
    window.get_by_label("1:07");
    window.get_by_label("5:00");
    window.get_by_label("10×").click();
    window.run();
    window.get_by_label("Max").click();
    window.run();
    window.get_by_label("Pause recording").click();
    window.run();
    assert_eq!(fake.taken(), [Action::Speed(10.0), Action::Speed(f64::INFINITY), Action::Pause(true)]);
    fake.capture(CaptureState::Ended { note: Some("The file is cut short.".into()) });
    window.run();
    window.get_by_label("The recording has ended");
    window.get_by_label("The file is cut short.");
}

#[test]
fn an_empty_table_says_why() {
    let (mut window, fake) = open(Snapshot::default());
    window.get_by_label("No traffic yet");
    fake.capture(CaptureState::Starting);
    window.run();
    window.get_by_label("Starting capture");
}

#[test]
fn dropped_packets_and_limits_are_said_and_can_be_put_away() {
    let mut snapshot = three();
    snapshot.totals.capture.dropped = 12;
    snapshot.limits = vec!["MAX_FLOWS: 100 000 connections are shown, 7 are not.".into()];
    let (mut window, _) = open(snapshot);
    window.get_by_label("12 packets dropped");
    window.get_by_label("Packets were missed");
    window.get_by_label_contains("MAX_FLOWS");
    window.get_all_by_label("Dismiss").next().unwrap().click();
    window.run();
    assert!(window.query_by_label_contains("MAX_FLOWS").is_none());
    window.get_by_label("Packets were missed");
}

#[test]
fn what_the_system_does_not_allow_is_said_calmly() {
    let mut snapshot = three();
    snapshot.note = Some("short ones may be missed, because the system refused this".into());
    let (window, _) = open(snapshot);
    window.get_by_label_contains("short ones may be missed");
    assert!(window.query_by_label_contains("refused").is_none(), "the whole sentence waits for the pointer");
    assert!(window.query_by_label("The capture has a problem").is_none());
}

#[test]
fn a_paused_display_keeps_its_picture() {
    let (mut window, fake) = open(three());
    window.get_by_label("Pause").click();
    window.run();
    assert_eq!(fake.taken(), [Action::Pause(true)]);
    *fake.status.lock().unwrap() =
        Arc::new(Status { capture: CaptureState::Live, paused: true, ..Status::default() });
    window.run();
    fake.put(Snapshot { processes: vec![].into(), ..three() });
    window.run_steps(6);
    assert_eq!(rows(&window).len(), 3);
    window.get_all_by_label("Resume").next().unwrap().click();
    window.run();
    assert_eq!(fake.taken(), [Action::Pause(false)]);
}

#[test]
fn settings_take_effect_and_are_saved_a_second_later() {
    let (mut window, fake) = open(three());
    window.get_by_role_and_label(Role::Button, "Settings").click();
    window.run();
    window.get_by_label("Light").click();
    window.run();
    assert!(!window.ctx.global_style().visuals.dark_mode);
    window.get_by_label("30\u{2009}s").click();
    window.run_steps(6);
    let actions = fake.taken();
    assert!(actions.contains(&Action::Window(RateWindow::ThirtySeconds)));
    let saved = actions.iter().rev().find_map(|action| match action {
        Action::SaveSettings(settings) => Some((**settings).clone()),
        _ => None,
    });
    let saved = saved.unwrap();
    assert_eq!((saved.appearance, saved.rate_window), (Appearance::Light, RateWindow::ThirtySeconds));
    window.run_steps(6);
    assert!(fake.taken().is_empty(), "saved once");
}

#[test]
fn a_local_proxy_is_asked_only_where_the_user_says_so() {
    let (mut window, fake) = open(three());
    assert!(!window.state().settings().proxy_api.on, "nobody is asked unless the user wants it");
    request_settings(&window.ctx);
    window.run_steps(3);
    assert!(window.query_by_label("Controller").is_none(), "no field for what is off");
    window.get_by_label("Ask it which connections it has (Clash API)").click();
    window.run_steps(12);
    let saved = fake.taken().into_iter().rev().find_map(|action| match action {
        Action::SaveSettings(settings) => Some(settings.proxy_api),
        _ => None,
    });
    let saved = saved.unwrap();
    assert!(saved.on && saved.end().is_some(), "{saved:?}");
    assert!(window.query_all_by_label("Controller").next().is_some());
    assert!(window.query_all_by_label("Secret").next().is_some());
    let wrong = "Needs an address of this machine, such as 127.0.0.1:9090";
    assert!(window.query_by_label(wrong).is_none());
}

#[test]
fn opening_at_login_is_asked_of_the_system_and_shows_what_it_says() {
    let (mut window, fake) = open(three());
    request_settings(&window.ctx);
    window.run_steps(3);
    window.get_by_label("Open at login").click();
    window.run_steps(2);
    assert!(fake.taken().contains(&Action::OpenAtLogin(true)));
    // The system has said nothing yet, so the switch is where it was: the next click asks for the same.
    window.get_by_label("Open at login").click();
    window.run_steps(2);
    assert!(fake.taken().contains(&Action::OpenAtLogin(true)));
    let approval = "Allow Crow in System Settings, General, Login Items";
    for (login_item, hint) in [(LoginItem::On, false), (LoginItem::NeedsApproval, true)] {
        *fake.status.lock().unwrap() = Arc::new(Status { login_item, ..Status::clone(&fake.status()) });
        window.run_steps(3);
        assert_eq!(window.query_by_label(approval).is_some(), hint);
        window.get_by_label("Open at login").click();
        window.run_steps(2);
        assert!(fake.taken().contains(&Action::OpenAtLogin(false)));
    }
}

#[test]
fn columns_are_chosen_from_the_header_menu() {
    let (mut window, _) = open(three());
    assert!(window.query_by_label("App, not sorted").is_none());
    window.get_by_label("PID, not sorted").click_secondary();
    window.run();
    window.get_by_label("App").click();
    window.run();
    window.get_by_label("App, not sorted");
    assert_eq!(window.state().settings().processes.columns.get("app"), Some(&true));
}

#[test]
fn closing_is_left_to_the_shell() {
    let (mut window, fake) = open(three());
    window.run();
    window.event(Event::Key {
        key: Press::W,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::COMMAND,
    });
    window.step();
    let output = window.output().viewport_output.get(&egui::ViewportId::ROOT).unwrap();
    assert!(output.commands.contains(&egui::ViewportCommand::Close), "{:?}", output.commands);
    assert_eq!(fake.taken(), []);
}

#[test]
fn a_long_table_is_put_in_order_elsewhere_and_keeps_its_picture_until_then() {
    let many = |top: i32| {
        let down = |n: i32| if n == top { 9_000_000.0 } else { 20_001.0 - n as f32 };
        let processes = (1..=20_001).map(|n| process(n, &format!("p{n}"), down(n))).collect();
        Snapshot { processes, ..Snapshot::default() }
    };
    let (mut window, fake) = open(many(1));
    *fake.jobs.lock().unwrap() = Some(Vec::new());
    assert_eq!(rows(&window).first().map(String::as_str), Some("p1"));
    fake.put(many(777));
    window.run_steps(8);
    assert_eq!(rows(&window).first().map(String::as_str), Some("p1"), "nobody has done the job");
    fake.do_jobs();
    window.run_steps(2);
    fake.put(many(777));
    window.run_steps(8);
    fake.do_jobs();
    window.run_steps(2);
    assert_eq!(rows(&window).first().map(String::as_str), Some("p777"));
    type_text(&mut window, "p2000");
    fake.do_jobs();
    window.run_steps(2);
    fake.do_jobs();
    window.run_steps(2);
    window.get_by_label_contains("of 20");
    assert_eq!(rows(&window), ["p2000", "p20000", "p20001"], "the filter as well");
}

#[test]
fn space_shows_what_is_known_of_the_selected_row() {
    let (mut window, _) = open(three());
    type_text(&mut window, " ");
    window.get_by_label_contains("Select a row");
    press(&mut window, Press::ArrowDown);
    press(&mut window, Press::ArrowDown);
    window.get_by_label("PID");
    window.get_by_label("20");
    window.get_by_label("Talks to");
    window.get_by_label_contains("Traffic, last minute; peaks");
    window.get_by_label("Close details").click();
    window.run();
    assert!(window.query_by_label("PID").is_none());
    assert!(!window.state().settings().details);
}

#[test]
fn a_connection_opens_to_its_details_and_says_how_it_got_its_name() {
    let (mut window, _) = open(three());
    press(&mut window, Press::Tab);
    press(&mut window, Press::ArrowDown);
    press(&mut window, Press::Enter);
    window.get_by_label_contains("the server name that the program asked for in TLS");
    window.get_by_label("93.184.216.34:443");
    window.get_by_label("Sent again");
    press(&mut window, Press::Enter);
    assert!(window.query_by_label("Sent again").is_none());
}

#[test]
fn a_domain_says_who_uses_it() {
    let (mut window, _) = open(three());
    window.key_press_modifiers(Modifiers::COMMAND, Press::Num3);
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Press::I);
    window.run();
    press(&mut window, Press::ArrowDown);
    window.get_by_label("Used by");
    window.get_by_label("program 20");
}

#[test]
fn a_question_mark_shows_the_keys_and_takes_them_until_it_closes() {
    let (mut window, fake) = open(three());
    type_text(&mut window, "?");
    window.get_by_label("Keys");
    window.get_by_label("quits Crow");
    type_text(&mut window, "q");
    assert!(window.query_by_label("quits Crow").is_none());
    assert_eq!(fake.taken(), [], "that letter closed the sheet");
    type_text(&mut window, "?");
    press(&mut window, Press::Escape);
    assert!(window.query_by_label("quits Crow").is_none());
    type_text(&mut window, "?");
    window.get_by_label("Close").click();
    window.run();
    assert!(window.query_by_label("quits Crow").is_none());
}

#[test]
fn the_settings_have_a_key() {
    let (mut window, _) = open(three());
    window.key_press_modifiers(Modifiers::COMMAND, Press::Comma);
    window.run();
    window.get_by_label("Average rates over");
}

#[test]
fn a_column_that_nobody_can_fill_is_not_shown() {
    let nobody = |row: &Arc<ProcessRow>| Arc::new(ProcessRow { user: None, ..ProcessRow::clone(row) });
    let (mut window, fake) =
        open(Snapshot { processes: three().processes.iter().map(nobody).collect(), ..three() });
    assert!(window.query_by_label("User, not sorted").is_none());
    fake.put(three());
    window.run();
    window.get_by_label("User, not sorted");
}

#[test]
fn amounts_are_written_in_the_units_that_the_user_chose() {
    let (mut window, _) = open(three());
    window.key_press_modifiers(Modifiers::COMMAND, Press::Comma);
    window.run();
    window.get_by_label("Bits").click();
    window.run();
    window.get_by_label("1024 (KiB)").click();
    window.run();
    window.get_by_label("Down 0\u{2009}bit/s");
    let units = window.state().settings().units;
    assert_eq!((units.rates, units.prefixes), (RateUnit::Bits, Prefixes::Binary));
}

#[test]
fn filtering_by_a_row_uses_the_filter_s_own_words() {
    let (mut window, _) = open(three());
    window.get_by_label_contains("beta").click_secondary();
    window.run();
    window.get_by_label("Filter by “beta”").click();
    window.run();
    assert_eq!(window.state().filter_text, "app:beta");
    assert_eq!(rows(&window), ["beta"]);
    assert_eq!(window.state().filter.marks(), ["beta"]);
}
