//! Asks a proxy on this machine which connections it has: `GET /connections` of the API that Clash began and that mihomo,
//! sing-box and the programs around them offer (mihomo `hub/route/connections.go`, `constant/metadata.go`).
//!
//! It is asked only where the user allows it, and only at a loopback address: what Crow sends stays on this machine.

mod answer;

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use crossbeam_channel::{Receiver, after};
use serde::Deserialize;

use crate::event::{Protocol, ProxyConnection};
use answer::{Answer, Bad};

/// Why a proxy did not say what connections it has. Each message is a sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not this machine's own.
    #[error(
        "{0} is not on this machine; Crow asks a proxy only at a loopback address such as 127.0.0.1:9090"
    )]
    NotHere(SocketAddr),
    /// The secret cannot stand in a header.
    #[error("the proxy's secret has letters that it cannot have; type it again")]
    Secret,
    /// Nothing answers, or not in time.
    #[error("no proxy answers at {address} ({source}); is its controller on, and is this its address?")]
    Silent {
        /// Where it was asked.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The proxy does not tell.
    #[error("the proxy at {address} does not tell (HTTP status {status}); is the secret right?")]
    Refused {
        /// Where it was asked.
        address: SocketAddr,
        /// What it said.
        status: u16,
    },
    /// The answer is not a proxy's.
    #[error("what answers at {address} is no proxy's controller ({why}); is this the right address?")]
    Stranger {
        /// Where it was asked.
        address: SocketAddr,
        /// What is wrong.
        why: String,
    },
}

/// A proxy's controller.
#[derive(Clone)]
pub struct Controller {
    address: SocketAddr,
    secret: String,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Controller {
    /// The controller at an address of this machine; an empty `secret` is none.
    ///
    /// # Errors
    ///
    /// [`Error::NotHere`] and [`Error::Secret`]; nothing has been sent.
    pub fn new(address: SocketAddr, secret: &str) -> Result<Self, Error> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(Error::NotHere(address));
        }
        if secret.len() > MAX_SECRET || secret.chars().any(|letter| !(' '..='~').contains(&letter)) {
            return Err(Error::Secret);
        }
        Ok(Self { address, secret: secret.to_owned() })
    }

    /// The connections that the proxy has now. Blocks for [`PATIENCE`] at most.
    ///
    /// # Errors
    ///
    /// Any but the first two of [`Error`]: show the sentence and ask again later.
    pub fn connections(&self) -> Result<Vec<ProxyConnection>, Error> {
        let address = self.address;
        understand(address, self.ask().map_err(|source| Error::Silent { address, source })?)
    }

    /// Sends the question and reads the answer to its end.
    fn ask(&self) -> io::Result<Result<Answer, Bad>> {
        let over = after(PATIENCE);
        let mut stream = TcpStream::connect_timeout(&self.address, PAUSE)?;
        stream.set_read_timeout(Some(PAUSE))?;
        stream.set_write_timeout(Some(PAUSE))?;
        stream.write_all(self.question().as_bytes())?;
        let mut bytes = Vec::new();
        let mut piece = vec![0; PIECE];
        loop {
            let len = next(&mut stream, &mut piece, &over)?;
            bytes.extend_from_slice(piece.get(..len).unwrap_or_default());
            match Answer::read(&bytes, len == 0) {
                Err(Bad::CutShort) if bytes.len() <= MAX_ANSWER && len != 0 => {}
                Err(Bad::CutShort) if len != 0 => return Ok(Err(Bad::TooLong)),
                answer => return Ok(answer),
            }
        }
    }

    fn question(&self) -> String {
        let secret = match &*self.secret {
            "" => String::new(),
            secret => format!("Authorization: Bearer {secret}\r\n"),
        };
        format!(
            "GET /connections HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n{secret}Connection: close\r\n\r\n",
            self.address
        )
    }
}

/// What a whole answer from `address` says.
///
/// # Errors
///
/// [`Error::Refused`] and [`Error::Stranger`].
pub fn read_answer(address: SocketAddr, bytes: &[u8]) -> Result<Vec<ProxyConnection>, Error> {
    understand(address, Answer::read(bytes, true))
}

fn understand(address: SocketAddr, answer: Result<Answer, Bad>) -> Result<Vec<ProxyConnection>, Error> {
    let stranger = |why: String| Error::Stranger { address, why };
    let answer = answer.map_err(|bad| stranger(bad.to_string()))?;
    if answer.status != 200 {
        return Err(Error::Refused { address, status: answer.status });
    }
    read(&answer.body).map_err(|err| stranger(err.to_string()))
}

/// The next bytes; 0 is the end.
fn next<T>(stream: &mut TcpStream, piece: &mut [u8], over: &Receiver<T>) -> io::Result<usize> {
    loop {
        if over.try_recv().is_ok() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match stream.read(piece) {
            Err(err) if matches!(err.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            done => return done,
        }
    }
}

/// The answer's body. What Crow does not use of it is not read.
#[derive(Deserialize)]
struct Listing {
    /// `null` while there are none.
    connections: Option<Vec<Listed>>,
}

#[derive(Deserialize)]
struct Listed {
    metadata: Metadata,
    /// The exit first, the choice last.
    #[serde(default)]
    chains: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    network: String,
    #[serde(rename = "sourceIP")]
    source_ip: String,
    source_port: Port,
    #[serde(rename = "destinationIP")]
    destination_ip: String,
    destination_port: Port,
    inbound_port: Port,
    host: String,
    sniff_host: String,
    process_path: String,
}

/// A port, which is a text in most versions.
#[derive(Deserialize)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Text(String),
}

impl Default for Port {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl Port {
    /// Nothing where there is none.
    fn get(&self) -> Option<u16> {
        let port = match self {
            Self::Number(port) => *port,
            Self::Text(text) => text.parse().ok()?,
        };
        (port != 0).then_some(port)
    }
}

/// The connections of a listing; those that say too little to be found again are left out.
fn read(body: &[u8]) -> serde_json::Result<Vec<ProxyConnection>> {
    let listing: Listing = serde_json::from_slice(body)?;
    Ok(listing.connections.unwrap_or_default().into_iter().filter_map(connection).collect())
}

fn connection(listed: Listed) -> Option<ProxyConnection> {
    let Metadata { network, source_ip, destination_ip, host, sniff_host, process_path, .. } = listed.metadata;
    let protocol = match &*network.to_ascii_lowercase() {
        "tcp" => Protocol::TCP,
        "udp" => Protocol::UDP,
        _ => return None,
    };
    let source = SocketAddr::new(source_ip.parse::<IpAddr>().ok()?, listed.metadata.source_port.get()?);
    let hosts = [host, sniff_host, destination_ip];
    let mut chain = listed.chains.unwrap_or_default();
    chain.reverse();
    Some(ProxyConnection {
        protocol,
        source,
        inbound_port: listed.metadata.inbound_port.get(),
        host: hosts.into_iter().find(|host| !host.is_empty())?,
        port: listed.metadata.destination_port.get().unwrap_or_default(),
        program: Some(process_path).filter(|path| path.starts_with('/')),
        chain,
    })
}

/// How long a question may take, from its beginning to the end of its answer.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// How long the proxy may take to say anything.
const PAUSE: Duration = Duration::from_secs(1);

/// Bytes of an answer: about 8 000 connections.
const MAX_ANSWER: usize = 8 << 20;

/// Bytes read at a time.
const PIECE: usize = 64 << 10;

/// Letters of a secret.
const MAX_SECRET: usize = 1024;

#[cfg(test)]
mod tests;
