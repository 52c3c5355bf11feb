//! Asks the desktop, and goes on listening: the settings portal, which GNOME, KDE and the others answer alike
//! (freedesktop.org: `org.freedesktop.portal.Settings`).

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::thread;
use std::time::Duration;

use zbus::export::futures_core::Stream as _;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream};

use super::Look;
use crate::bus::block_on;

/// Calls `tell` with what the desktop says now and with every change, from a thread of its own. Where there is no
/// desktop that answers, it is never called.
pub(super) fn follow(tell: impl Fn(Look) + Send + 'static) {
    let listen = move || {
        let outcome = block_on(async {
            let bus = zbus::connection::Builder::session()?.method_timeout(PATIENCE).build().await?;
            listen(&bus, &tell).await
        });
        if let Err(err) = outcome {
            tracing::debug!("the desktop says nothing of how windows look: {err}");
        }
    };
    if let Err(err) = thread::Builder::new().name("looks".to_owned()).spawn(listen) {
        tracing::debug!("the desktop is not asked how windows look: {err}");
    }
}

/// Until the bus is gone.
async fn listen(bus: &Connection, tell: &impl Fn(Look)) -> zbus::Result<()> {
    let rule = MatchRule::builder().msg_type(zbus::message::Type::Signal).interface(SETTINGS)?;
    let rule = rule.member("SettingChanged")?.path(PATH)?.build();
    let mut changes = MessageStream::for_match_rule(rule, bus, None).await?;
    let mut wishes = Wishes::default();
    let namespaces = [FREEDESKTOP, GNOME, KDE];
    let reply = bus.call_method(Some(PORTAL), PATH, Some(SETTINGS), "ReadAll", &(&namespaces[..],)).await?;
    let all: HashMap<String, HashMap<String, OwnedValue>> = reply.body().deserialize()?;
    for namespace in namespaces {
        for key in [SCHEME, MOTION, ANIMATIONS, DURATION] {
            if let Some(value) = all.get(namespace).and_then(|values| values.get(key)) {
                wishes.take((namespace, key), value);
            }
        }
    }
    tell(wishes.look());
    while let Some(change) = poll_fn(|context| Pin::new(&mut changes).poll_next(context)).await {
        let change = change?;
        let Ok((namespace, key, value)) = change.body().deserialize::<(String, String, OwnedValue)>() else {
            continue;
        };
        wishes.take((&namespace, &key), &value);
        tell(wishes.look());
    }
    Ok(())
}

/// What the desktop has said, by who says it.
#[derive(Debug, Default)]
struct Wishes {
    scheme: Option<bool>,
    /// The portal's own word; desktops that are older than it have words of their own.
    reduced: Option<bool>,
    gnome_still: bool,
    kde_still: bool,
}

impl Wishes {
    fn take(&mut self, name: (&str, &str), value: &Value<'_>) {
        // Portals of the first years wrapped what they had to say once more.
        let value = if let Value::Value(inner) = value { &**inner } else { value };
        match (name, value) {
            ((FREEDESKTOP, SCHEME), Value::U32(scheme)) => {
                self.scheme = [None, Some(true), Some(false)].get(*scheme as usize).copied().flatten();
            }
            ((FREEDESKTOP, MOTION), Value::U32(motion)) => self.reduced = Some(*motion == 1),
            ((GNOME, ANIMATIONS), Value::Bool(are_wanted)) => self.gnome_still = !are_wanted,
            ((KDE, DURATION), Value::Str(factor)) => {
                self.kde_still = factor.parse::<f64>().is_ok_and(|factor| factor <= 0.0);
            }
            _ => {}
        }
    }

    fn look(&self) -> Look {
        let is_still = self.reduced == Some(true) || self.gnome_still || self.kde_still;
        Look { is_dark: self.scheme, is_still }
    }
}

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
const FREEDESKTOP: &str = "org.freedesktop.appearance";
/// 0: no preference, 1: dark, 2: light.
const SCHEME: &str = "color-scheme";
/// 1: reduced.
const MOTION: &str = "reduced-motion";
const GNOME: &str = "org.gnome.desktop.interface";
const ANIMATIONS: &str = "enable-animations";
const KDE: &str = "org.kde.kdeglobals.KDE";
/// `0` where nothing is to move.
const DURATION: &str = "AnimationDurationFactor";
/// The portal may have to be started first.
const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::cell::Cell;
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc;
    use std::task::Poll;

    use super::*;

    /// A session bus of the test's own.
    struct Bus(Child, String);

    impl Bus {
        /// `None`, and a printed line, where there is none to be had.
        fn start() -> Option<Self> {
            let mut command = Command::new("dbus-daemon");
            command.args(["--session", "--nofork", "--print-address=1"]);
            let Ok(mut daemon) = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
                eprintln!("skipped: dbus-daemon is not installed");
                return None;
            };
            let mut address = String::new();
            BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
            Some(Self(daemon, address.trim().to_owned()))
        }

        async fn connect(&self) -> zbus::Result<Connection> {
            zbus::connection::Builder::address(self.1.as_str())?.method_timeout(PATIENCE).build().await
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            // Both fail only if it has ended already.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Answers one of the `messages` as a desktop's portal, then says what changed.
    async fn answer(bus: Connection, mut messages: MessageStream) -> zbus::Result<()> {
        let question = loop {
            let message = poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await.unwrap()?;
            if message.header().member().is_some_and(|member| member == "ReadAll") {
                break message;
            }
        };
        let (asked,): (Vec<String>,) = question.body().deserialize()?;
        assert!(asked.iter().any(|namespace| namespace == FREEDESKTOP));
        let said = HashMap::from([
            (FREEDESKTOP, HashMap::from([(SCHEME, Value::U32(2)), ("contrast", Value::U32(1))])),
            (GNOME, HashMap::from([(ANIMATIONS, Value::Bool(true))])),
        ]);
        bus.reply(&question.header(), &said).await?;
        let changes = [
            (GNOME, ANIMATIONS, Value::Bool(false)),
            (FREEDESKTOP, SCHEME, Value::U32(1)),
            (GNOME, ANIMATIONS, Value::Bool(true)),
            (FREEDESKTOP, MOTION, Value::U32(1)),
        ];
        for change in changes {
            bus.emit_signal(None::<&str>, PATH, SETTINGS, "SettingChanged", &change).await?;
        }
        Ok(())
    }

    #[test]
    fn the_desktop_is_asked_once_and_then_listened_to() {
        let Some(daemon) = Bus::start() else { return };
        let (told, heard) = mpsc::channel();
        let count = Cell::new(0);
        let tell = |look: Look| {
            told.send(look).unwrap();
            count.set(count.get() + 1);
        };
        let (portal, here) = block_on(async {
            let portal = daemon.connect().await?;
            portal.request_name(PORTAL).await?;
            zbus::Result::Ok((portal, daemon.connect().await?))
        })
        .unwrap();
        // What comes before anybody listens is lost: the thread may start late.
        let questions = MessageStream::from(&portal);
        let desktop = thread::spawn(|| block_on(answer(portal, questions)));
        let mut listening = std::pin::pin!(listen(&here, &tell));
        block_on(poll_fn(|context| match listening.as_mut().poll(context) {
            Poll::Pending if count.get() < 5 => Poll::Pending,
            _ => Poll::Ready(()),
        }));
        let look = |is_dark, is_still| Look { is_dark: Some(is_dark), is_still };
        let expected =
            [look(false, false), look(false, true), look(true, true), look(true, false), look(true, true)];
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), expected);
        desktop.join().unwrap().unwrap();
    }

    #[test]
    fn each_desktop_s_own_words_are_understood() {
        let look = |said: &[(&str, &str, Value<'_>)]| {
            let mut wishes = Wishes::default();
            for (namespace, key, value) in said {
                wishes.take((namespace, key), value);
            }
            wishes.look()
        };
        let wrapped = Value::Value(Box::new(Value::U32(1)));
        #[rustfmt::skip]
        let cases = [
            (vec![], None, false),
            (vec![(FREEDESKTOP, SCHEME, Value::U32(0))], None, false),
            (vec![(FREEDESKTOP, SCHEME, wrapped)], Some(true), false),
            (vec![(FREEDESKTOP, SCHEME, Value::U32(7))], None, false),
            (vec![(FREEDESKTOP, MOTION, Value::U32(0)), (KDE, DURATION, Value::from("1.0"))], None, false),
            (vec![(KDE, DURATION, Value::from("0"))], None, true),
            (vec![(GNOME, ANIMATIONS, Value::Bool(false))], None, true),
            (vec![(GNOME, SCHEME, Value::U32(1))], None, false),
        ];
        for (said, is_dark, is_still) in cases {
            assert_eq!(look(&said), Look { is_dark, is_still }, "{said:?}");
        }
    }
}
