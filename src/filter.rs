//! The words that narrow what is shown: `firefox -host:ads. port:443 state:established`.
//!
//! A filter is a list of terms, all of which must hold. A term is a plain word or `key:value`; a
//! leading `-` turns it around; double quotes keep spaces together. Letter case never matters. A term about
//! something that a kind of row does not have (`port:` for a process) leaves that row alone.

use std::str::FromStr;

use crate::aggregate::snapshot::{ConnectionRow, DomainRow, ProcessRow, Route};
use crate::event::TcpState;

/// What to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

/// Why a filter was not understood; each message can be shown beside the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// `host:` with nothing behind it.
    #[error("`{key}:` needs a value behind it, such as `{key}:{example}`")]
    NoValue {
        /// The key.
        key: &'static str,
        /// A value that it would take.
        example: &'static str,
    },
    /// `pid:` or `port:` with something that is not such a number.
    #[error("`{key}:` needs a number, and `{value}` is not one that it can be")]
    NotANumber {
        /// The key.
        key: &'static str,
        /// What stood behind it.
        value: String,
    },
    /// `state:` with a word that begins no TCP state's name.
    #[error("`{value}` is no TCP state; try `state:established` or `state:closed`")]
    UnknownState {
        /// What stood behind it.
        value: String,
    },
    /// `route:` with a word that begins no route's name.
    #[error("`{value}` is no route; try `route:proxied`, `route:tunnelled` or `route:direct`")]
    UnknownRoute {
        /// What stood behind it.
        value: String,
    },
    /// A quotation mark without its partner.
    #[error("a quotation mark is missing its partner")]
    OpenQuote,
}

impl Filter {
    /// Reads what a person typed. An empty text shows everything.
    ///
    /// # Errors
    ///
    /// One [`FilterError`] for the first term that cannot be; show its message and keep the last filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let terms = split(text)?.iter().map(|word| Term::parse(word)).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }

    /// Shows what belongs to processes or apps with `name` somewhere in their name, taken literally.
    #[must_use]
    pub fn process(name: &str) -> Self {
        let test = Test::App(name.to_lowercase());
        Self { terms: if name.is_empty() { Vec::new() } else { vec![Term { positive: true, test }] } }
    }

    /// The words that rows are shown for, in lower case: what a view may mark.
    #[must_use]
    pub fn marks(&self) -> Vec<String> {
        let wanted = self.terms.iter().filter(|term| term.positive);
        let word = |term: &Term| match &term.test {
            Test::Word(text) | Test::App(text) | Test::Host(text) => Some(text.clone()),
            _ => None,
        };
        wanted.filter_map(word).collect()
    }

    /// Whether everything is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether to show a process. Words look at its name, its app, its path, its user and its pid.
    #[must_use]
    pub fn matches_process(&self, row: &ProcessRow) -> bool {
        self.all(|test| match test {
            Test::Word(word) => Some(
                [&*row.name, &row.app.name].iter().any(|text| contains(text, word))
                    || row.path.as_deref().is_some_and(|path| contains(path, word))
                    || row.user.as_deref().is_some_and(|user| contains(user, word))
                    || row.key.is_some_and(|key| key.pid.to_string() == *word),
            ),
            Test::App(name) => Some(contains(&row.name, name) || contains(&row.app.name, name)),
            Test::Pid(pid) => Some(row.key.is_some_and(|key| key.pid == *pid)),
            _ => None,
        })
    }

    /// Whether to show a connection. Words look at the owner's name, the host, the domain, both
    /// ends' addresses with their ports, the service, the interface and the proxy or tunnel.
    #[must_use]
    pub fn matches_connection(&self, row: &ConnectionRow) -> bool {
        self.all(|test| {
            Some(match test {
                Test::Word(word) => connection_has_word(row, word),
                Test::App(name) => contains(&row.process_name, name),
                Test::Host(host) => connection_has_host(row, host),
                Test::Pid(pid) => [row.process, row.via].into_iter().flatten().any(|key| key.pid == *pid),
                Test::Protocol(name) => {
                    row.protocol.to_string() == *name || row.service.is_some_and(|service| service == name)
                }
                Test::Port(port) => {
                    row.protocol.has_ports() && [row.local.port(), row.remote.port()].contains(port)
                }
                Test::State(prefix) => row.state.is_some_and(|state| state.name().starts_with(&**prefix)),
                Test::Interface(name) => contains(&row.interface, name),
                Test::Route(prefix) => row.route.name().starts_with(&**prefix),
                Test::Via(name) => row.route_via.as_deref().is_some_and(|via| contains(via, name)),
            })
        })
    }

    /// Whether to show a domain. Words look at the domain, its hosts and its processes' names.
    #[must_use]
    pub fn matches_domain(&self, row: &DomainRow) -> bool {
        let has_host =
            |word: &str| contains(&row.domain, word) || row.hosts.iter().any(|host| contains(host, word));
        let has_process = |word: &str| row.processes.iter().any(|name| contains(name, word));
        self.all(|test| match test {
            Test::Word(word) => Some(has_host(word) || has_process(word)),
            Test::App(name) => Some(has_process(name)),
            Test::Host(host) => Some(has_host(host)),
            _ => None,
        })
    }

    /// Whether every term holds; `None` from `holds` is a term that says nothing about such a row.
    fn all(&self, holds: impl Fn(&Test) -> Option<bool>) -> bool {
        self.terms.iter().all(|term| holds(&term.test).is_none_or(|held| held == term.positive))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    /// Whether the test must hold, or must not.
    positive: bool,
    test: Test,
}

/// What is looked for; texts are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Word(String),
    App(String),
    Host(String),
    Pid(i32),
    Protocol(String),
    Port(u16),
    State(String),
    Interface(String),
    Route(String),
    Via(String),
}

impl Term {
    fn parse(word: &str) -> Result<Self, FilterError> {
        let (positive, word) = match word.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => (false, rest),
            _ => (true, word),
        };
        Ok(Self { positive, test: Test::parse(&word.to_lowercase())? })
    }
}

impl Test {
    fn parse(word: &str) -> Result<Self, FilterError> {
        // Anything else with a colon is a plain word: an IPv6 address, an address with its port.
        let keyed = word.split_once(':').and_then(|(key, value)| {
            let &(key, example) = KEYS.iter().find(|(known, _)| *known == key)?;
            Some((key, example, value))
        });
        let Some((key, example, value)) = keyed else { return Ok(Self::Word(word.to_owned())) };
        if value.is_empty() {
            return Err(FilterError::NoValue { key, example });
        }
        let not_a_number = || FilterError::NotANumber { key, value: value.to_owned() };
        Ok(match key {
            "app" => Self::App(value.to_owned()),
            "host" => Self::Host(value.to_owned()),
            "pid" => Self::Pid(value.parse().map_err(|_| not_a_number())?),
            "port" => Self::Port(value.parse().map_err(|_| not_a_number())?),
            "proto" => Self::Protocol(value.to_owned()),
            "state" if STATES.iter().any(|state| state.name().starts_with(value)) => {
                Self::State(value.to_owned())
            }
            "state" => return Err(FilterError::UnknownState { value: value.to_owned() }),
            "route" if Route::ALL.iter().any(|route| route.name().starts_with(value)) => {
                Self::Route(value.to_owned())
            }
            "route" => return Err(FilterError::UnknownRoute { value: value.to_owned() }),
            "via" => Self::Via(value.to_owned()),
            _ => Self::Interface(value.to_owned()),
        })
    }
}

/// Splits at white space outside double quotes; the quotes themselves go.
fn split(text: &str) -> Result<Vec<String>, FilterError> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for letter in text.chars() {
        if letter == '"' {
            quoted = !quoted;
        } else if letter.is_whitespace() && !quoted {
            words.push(std::mem::take(&mut word));
        } else {
            word.push(letter);
        }
    }
    if quoted {
        return Err(FilterError::OpenQuote);
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    Ok(words)
}

/// Whether `text` has `word`, which is in lower case, somewhere in it.
fn contains(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        // The common case without an allocation: this runs for every row at every key press.
        let (text, word) = (text.as_bytes(), word.as_bytes());
        return word.is_empty() || text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

fn connection_has_word(row: &ConnectionRow, word: &str) -> bool {
    contains(&row.process_name, word)
        || row.service.is_some_and(|service| contains(service, word))
        || contains(&row.interface, word)
        || row.route_via.as_deref().is_some_and(|via| contains(via, word))
        || connection_has_host(row, word)
        || row.local.to_string().contains(word)
}

fn connection_has_host(row: &ConnectionRow, word: &str) -> bool {
    row.host.as_ref().is_some_and(|host| contains(&host.name, word))
        || row.domain.as_deref().is_some_and(|domain| contains(domain, word))
        || row.remote.to_string().contains(word)
}

/// The keys, each with a value to show as an example.
const KEYS: [(&str, &str); 9] = [
    ("app", "firefox"),
    ("host", "example.com"),
    ("pid", "4711"),
    ("proto", "udp"),
    ("port", "443"),
    ("state", "established"),
    ("iface", "en0"),
    ("route", "proxied"),
    ("via", "mihomo"),
];

const STATES: [TcpState; 10] = [
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::Closing,
    TcpState::LastAck,
    TcpState::TimeWait,
    TcpState::Closed,
];

#[cfg(test)]
mod tests;
