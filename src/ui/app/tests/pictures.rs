//! Pictures of each view and state, in both themes, of the sample recording. They are drawn by Crow's own code, so that
//! no graphics card decides; `UPDATE_SNAPSHOTS=1 cargo test --lib pictures` takes them anew.

use std::path::PathBuf;

use super::raster::{Picture, Textures};
use super::*;
use crate::aggregate::{Aggregator, AggregatorOptions};
use crate::capture::file::Recording;
use crate::capture::player::{Played, Player};
use crate::pipeline::SAMPLE;

/// Pixels that may differ: a digit is more.
const MAX_DIFFERENCES: usize = 24;
/// Points that the harness leaves free around the window.
const MARGIN: u16 = 8;
/// Into the sample: all that it shows has begun, and much has ended.
const MOMENT: Duration = Duration::from_secs(16);
/// Points: a view.
const LARGE: (u16, u16) = (1120, 560);
/// Points: a state.
const SMALL: (u16, u16) = (900, 300);
/// Points: the settings.
const SHEET: (u16, u16) = (760, 500);

/// The sample at that moment.
fn sample() -> Snapshot {
    let mut player = Player::new(Recording::from_bytes(SAMPLE).unwrap());
    let mut aggregator = Aggregator::new(AggregatorOptions {
        source: Source::Recording,
        window: RateWindow::default(),
        keep_closed: false,
    });
    let mut events = Vec::new();
    player.play(Timestamp::default(), &mut events);
    let first = player.first().unwrap();
    // As often as the window looks: the last minute is drawn by the second.
    for quarter in 1..=u32::try_from(MOMENT.as_millis() / 250).unwrap() {
        let until = first + Duration::from_millis(250) * quarter;
        while !matches!(player.play(until, &mut events), Played::Reached | Played::Ended(_)) {}
        events.drain(..).for_each(|event| aggregator.ingest(&event));
        drop(aggregator.tick(until));
    }
    let all = aggregator.tick(first + MOMENT).connections.iter().map(|row| row.flow).collect();
    aggregator.see(all);
    Snapshot::clone(&aggregator.tick(first + MOMENT))
}

fn type_at_once(window: &mut Window, text: &str) {
    window.event(Event::Text(text.to_owned()));
    window.run();
}

/// What a picture shows.
struct Scene {
    name: &'static str,
    settings: Settings,
    status: Status,
    snapshot: Snapshot,
    /// What is done before the picture is taken.
    steps: fn(&mut Window),
}

impl Scene {
    fn new(name: &'static str, snapshot: Snapshot, steps: fn(&mut Window)) -> Self {
        let (capture, subject) = (CaptureState::Live, "all interfaces".into());
        let status = Status { capture, subject, speed: 1.0, user: Some("alice".into()), ..Status::default() };
        Self { name, settings: Settings::default(), status, snapshot, steps }
    }

    fn with(self, capture: CaptureState) -> Self {
        Self { status: Status { capture, ..self.status.clone() }, ..self }
    }

    fn view(self, view: View, appearance: Appearance) -> Self {
        Self { settings: Settings { appearance, view, ..self.settings.clone() }, ..self }
    }

    fn taken(&self, appearance: Appearance, (width, height): (u16, u16)) -> Picture {
        let fake = Arc::new(Fake::default());
        fake.put(self.snapshot.clone());
        *fake.status.lock().unwrap() = Arc::new(self.status.clone());
        let settings = Settings { appearance, ..self.settings.clone() };
        let app = App::new(&Context::default(), fake, settings, String::new());
        let textures = Textures::default();
        let mut window = Harness::builder()
            .with_size([f32::from(width + 2 * MARGIN), f32::from(height + 2 * MARGIN)])
            .with_max_steps(20)
            .with_step_dt(0.3)
            .with_os(egui::os::OperatingSystem::Nix)
            .renderer(textures.clone())
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
        (self.steps)(&mut window);
        window.run();
        let shapes = window.output().shapes.clone();
        let primitives = window.ctx.tessellate(shapes, 1.0);
        let size = [width, height].map(|side| usize::from(side + 2 * MARGIN));
        Picture::of(&primitives, &textures, size.into()).without_margin(MARGIN.into())
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(self.name).with_extension("png")
    }
}

/// Compares a picture with the kept one, or keeps it.
fn check(scene: &Scene, picture: &Picture) -> Option<String> {
    let path = scene.path();
    let is_renewed = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let said = match picture.differences(&path) {
        Some(different) if different <= MAX_DIFFERENCES => return None,
        _ if is_renewed => {
            picture.write(&path);
            return None;
        }
        Some(different) => format!("{different} pixels differ"),
        None => "there is no picture of this size".to_owned(),
    };
    let new =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/pictures").join(format!("{}.png", scene.name));
    picture.write(&new);
    Some(format!("{}: {said}; look at {}", scene.name, new.display()))
}

fn check_all(complaints: impl Iterator<Item = Option<String>>) {
    let complaints: Vec<String> = complaints.flatten().collect();
    assert!(
        complaints.is_empty(),
        "{}\nIf that is how Crow is to look: UPDATE_SNAPSHOTS=1 cargo test --lib pictures",
        complaints.join("\n")
    );
}

#[test]
fn pictures_of_the_views() {
    let sample = sample();
    let opened = |window: &mut Window| {
        press(window, Press::ArrowDown);
        press(window, Press::Enter);
    };
    let detailed = |window: &mut Window| {
        press(window, Press::ArrowDown);
        press(window, Press::ArrowDown);
        window.event(Event::Text(" ".to_owned()));
        window.run();
    };
    let filtered = |window: &mut Window| type_at_once(window, "example.com -proto:udp");
    let scenes = [
        Scene::new("processes-dark", sample.clone(), opened).view(View::Processes, Appearance::Dark),
        Scene::new("processes-light", sample.clone(), detailed).view(View::Processes, Appearance::Light),
        Scene::new("connections-dark", sample.clone(), detailed).view(View::Connections, Appearance::Dark),
        Scene::new("connections-light", sample.clone(), filtered).view(View::Connections, Appearance::Light),
        Scene::new("domains-dark", sample.clone(), opened).view(View::Domains, Appearance::Dark),
        Scene::new("domains-light", sample, detailed).view(View::Domains, Appearance::Light),
    ];
    check_all(scenes.iter().map(|scene| check(scene, &scene.taken(scene.settings.appearance, LARGE))));
}

fn untouched(_: &mut Window) {}

fn states() -> Vec<Scene> {
    let sample = sample();
    let mut strained = sample.clone();
    strained.totals.capture.dropped = 1_234;
    strained.limits = vec!["100 000 connections are followed; the quietest make room for new ones.".into()];
    let why = |why: &str| -> Arc<str> { why.into() };
    let needs = crate::helper::launch::LaunchError::NotAsked.to_string();
    let refused = crate::helper::launch::LaunchError::Dismissed.to_string();
    let (played, length) = (MOMENT, Some(Duration::from_secs(40)));
    let mut own = with_owner(&sample);
    own.source = Source::Live;
    let mut paused = Scene::new("state-playing-paused", sample.clone(), untouched)
        .with(CaptureState::Recording { played, length });
    paused.status.paused = true;
    let mut held = Scene::new("state-paused", strained, untouched);
    held.status.paused = true;
    let sockets = |why: Arc<str>| CaptureState::Sockets { why, is_asking: false };
    vec![
        Scene::new("state-first-run", sample.clone(), untouched).with(sockets(why(&needs))),
        Scene::new("state-refused", sample.clone(), untouched).with(sockets(why(&refused))),
        Scene::new("state-no-traffic", Snapshot::default(), untouched),
        Scene::new("state-no-match", sample.clone(), |window| type_at_once(window, "no such thing")),
        Scene::new("state-bad-filter", sample.clone(), |window| type_at_once(window, "port:x")),
        held,
        paused,
        Scene::new("state-gone", Snapshot::default(), untouched)
            .with(CaptureState::Gone { why: why("the capture helper has ended; start the capture again") }),
        Scene::new("settings", sample, |window| window.key_press_modifiers(Modifiers::COMMAND, Press::Comma)),
        Scene::new("quit", own, |window| {
            window.get_by_label_contains("curl").click_secondary();
            window.run();
            window.get_by_label("Quit process…").click();
        }),
    ]
}

/// The sample as if it ran here and now, with one process, which is the user's own.
fn with_owner(sample: &Snapshot) -> Snapshot {
    let curl = sample.processes.iter().find(|row| &*row.name == "curl").unwrap();
    let own = ProcessRow { user: Some("alice".into()), ..ProcessRow::clone(curl) };
    Snapshot { processes: vec![Arc::new(own)].into(), ..sample.clone() }
}

#[test]
fn pictures_of_the_states() {
    check_all(states().iter().map(|scene| {
        let size = if scene.name == "settings" { SHEET } else { SMALL };
        let dark = scene.taken(Appearance::Dark, size);
        check(scene, &dark.above(scene.taken(Appearance::Light, size)))
    }));
}
