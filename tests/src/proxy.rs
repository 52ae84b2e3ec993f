//! A proxy between a server and `PostgreSQL` that cuts every connection at a chosen moment of a
//! transaction: at a statement, or at its COMMIT, before or after the answer came through.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// When all connections are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the statement reaches the database.
    AtStatement,
    /// After the database committed the statement's transaction, before the client has the answer.
    BeforeAnswer,
    /// As soon as the client has got the answer.
    AfterAnswer,
}

#[derive(Debug, Default)]
struct State {
    /// A piece of the statement's text, and when to cut.
    armed: Mutex<Option<(&'static str, Cut)>>,
    down: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// The proxy; it listens on a loopback port of its own.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// A proxy before the database that listens on this loopback port.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn before(database: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if !shared.down.load(Ordering::Acquire) {
                    let shared = Arc::clone(&shared);
                    // A connection that ends is what this is for.
                    thread::spawn(move || drop(serve(client, database, &shared)));
                }
            }
        });
        Self { port, state }
    }

    /// The same database by way of the proxy.
    pub fn url(&self, url: &str, database: u16) -> String {
        url.replace(&format!(":{database}/"), &format!(":{}/", self.port))
    }

    /// Cuts all connections at the next statement that has this piece of text, and takes no new ones.
    pub fn arm(&self, text: &'static str, cut: Cut) {
        *self.state.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some((text, cut));
    }

    /// Whether it has cut them.
    pub fn has_cut(&self) -> bool {
        self.state.down.load(Ordering::Acquire)
    }

    /// Takes connections again.
    pub fn mend(&self) {
        *self.state.armed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.state.down.store(false, Ordering::Release);
    }
}

impl State {
    fn armed(&self) -> Option<(&'static str, Cut)> {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) -> io::Error {
        self.down.store(true, Ordering::Release);
        for stream in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // One that is closed already is as good.
            drop(stream.shutdown(Shutdown::Both));
        }
        io::Error::from(io::ErrorKind::ConnectionAborted)
    }
}

fn serve(mut client: TcpStream, database: u16, state: &Arc<State>) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", database))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        state.open.lock().unwrap_or_else(PoisonError::into_inner).push(stream.try_clone()?);
    }
    // Requests for encryption come first and are declined; then the start of the session.
    loop {
        let start = sized(&mut client)?;
        if matches!(start.get(4..8), Some([4, 210, 22, 47 | 48])) {
            client.write_all(b"N")?;
        } else {
            server.write_all(&start)?;
            break;
        }
    }
    let is_touched = Arc::new(AtomicBool::new(false));
    let (to_client, from_server) = (client.try_clone()?, server.try_clone()?);
    let (shared, touched) = (Arc::clone(state), Arc::clone(&is_touched));
    thread::spawn(move || drop(answers(from_server, to_client, &shared, &touched)));
    questions(client, server, state, &is_touched)
}

/// What has its length in its first four bytes, with them.
fn sized(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(4).max(4);
    let mut message = length.to_vec();
    message.resize(size, 0);
    from.read_exact(message.get_mut(4..).unwrap_or_default())?;
    Ok(message)
}

fn message(from: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut kind = [0];
    from.read_exact(&mut kind)?;
    Ok((kind[0], sized(from)?))
}

fn pass(to: &mut TcpStream, (kind, message): &(u8, Vec<u8>)) -> io::Result<()> {
    let mut whole = vec![*kind];
    whole.extend_from_slice(message);
    to.write_all(&whole)
}

fn questions(
    mut from: TcpStream,
    mut to: TcpStream,
    state: &State,
    touched: &AtomicBool,
) -> io::Result<()> {
    let mut prepared: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    loop {
        let message = message(&mut from)?;
        let body = message.1.get(4..).unwrap_or_default();
        let mut words = body.split(|byte| *byte == 0).map(<[u8]>::to_vec);
        let text = match message.0 {
            b'P' => {
                let (name, text) = (words.next().unwrap_or_default(), words.next());
                prepared.insert(name, text.unwrap_or_default());
                None
            }
            b'B' => prepared.get(&words.nth(1).unwrap_or_default()).cloned(),
            b'Q' => words.next(),
            _ => None,
        };
        if let (Some(text), Some((piece, cut))) = (text, state.armed()) {
            let is_it = String::from_utf8_lossy(&text).contains(piece);
            if is_it && cut == Cut::AtStatement {
                return Err(state.cut());
            }
            touched.fetch_or(is_it, Ordering::AcqRel);
        }
        pass(&mut to, &message)?;
    }
}

fn answers(
    mut from: TcpStream,
    mut to: TcpStream,
    state: &State,
    touched: &AtomicBool,
) -> io::Result<()> {
    let mut committed = false;
    loop {
        let message = message(&mut from)?;
        committed |= touched.load(Ordering::Acquire)
            && message.0 == b'C'
            && message.1.get(4..) == Some(b"COMMIT\0");
        if committed && state.armed().is_some_and(|(_, cut)| cut == Cut::BeforeAnswer) {
            return Err(state.cut());
        }
        pass(&mut to, &message)?;
        // Ready for the next question: all of the answer came through.
        if committed && message.0 == b'Z' {
            return Err(state.cut());
        }
    }
}
