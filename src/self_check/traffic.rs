//! Loopback traffic of this very process: its owner is known, so that what Crow says of it can be held against it.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Time between two rounds of traffic.
const PAUSE: Duration = Duration::from_millis(100);

/// Rounds whose ends are remembered: more than an hour's.
const MAX_ENDS: usize = 100_000;

/// Bytes that each round sends over each kind of connection.
const ROUND: [u8; 512] = [0x55; 512];

/// The traffic while it runs; it ends when dropped.
#[derive(Debug)]
pub struct Traffic {
    ends: Arc<Mutex<BTreeSet<SocketAddr>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Both ends of the connection that stays open.
    kept: (SocketAddr, SocketAddr),
}

impl Traffic {
    /// Begins: a TCP connection that stays, in each round one that does not, and datagrams.
    ///
    /// # Errors
    ///
    /// When the system gives no sockets on 127.0.0.1 or no thread.
    pub fn start() -> io::Result<Self> {
        let mut talk = Talk::new()?;
        let kept = (talk.kept.0.local_addr()?, talk.kept.1.local_addr()?);
        let (ends, stop) = (Arc::new(Mutex::new(BTreeSet::new())), Arc::new(AtomicBool::new(false)));
        let (told, stopped) = (Arc::clone(&ends), Arc::clone(&stop));
        let thread = thread::Builder::new().name("self-check-traffic".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Err(err) = talk.round(&told) {
                    tracing::debug!("a round of traffic failed: {err}");
                }
                thread::park_timeout(PAUSE);
            }
        })?;
        Ok(Self { ends, stop, thread: Some(thread), kept })
    }

    /// The addresses that this traffic uses or has used.
    #[must_use]
    pub fn ends(&self) -> BTreeSet<SocketAddr> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Both ends of the connection that stays open: the caller's, and the listener's.
    #[must_use]
    pub const fn kept(&self) -> (SocketAddr, SocketAddr) {
        self.kept
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the traffic ended by panic");
            }
        }
    }
}

/// The sockets of the traffic.
struct Talk {
    listener: TcpListener,
    kept: (TcpStream, TcpStream),
    datagrams: (UdpSocket, UdpSocket),
    /// The last round's connection, which lives until the next: a tenth of a second.
    brief: Option<(TcpStream, TcpStream)>,
}

impl Talk {
    fn new() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let kept = pair(&listener)?;
        let datagrams = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        datagrams.0.connect(datagrams.1.local_addr()?)?;
        datagrams.1.set_read_timeout(Some(PAUSE))?;
        Ok(Self { listener, kept, datagrams, brief: None })
    }

    /// Sends over each kind; the ends of a connection are told before it speaks.
    fn round(&mut self, ends: &Mutex<BTreeSet<SocketAddr>>) -> io::Result<()> {
        let brief = pair(&self.listener)?;
        {
            let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
            if ends.len() >= MAX_ENDS {
                ends.clear();
            }
            for stream in [&brief.0, &brief.1, &self.kept.0, &self.kept.1] {
                ends.insert(stream.local_addr()?);
            }
            ends.extend([self.datagrams.0.local_addr()?, self.datagrams.1.local_addr()?]);
        }
        for (from, to) in [(&brief.0, &brief.1), (&self.kept.0, &self.kept.1)] {
            let (mut from, mut to) = (from, to);
            from.write_all(&ROUND)?;
            to.read_exact(&mut [0; ROUND.len()])?;
        }
        self.datagrams.0.send(&ROUND)?;
        self.datagrams.1.recv(&mut [0; ROUND.len()])?;
        self.brief = Some(brief);
        Ok(())
    }
}

/// Both ends of a fresh connection.
fn pair(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let client = TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept()?.0))
}
