//! One keep-alive connection that speaks as much HTTP/1.1 as the server needs: a request out, an
//! answer with a `Content-Length` in. It never waits: who has it is told when there is more to read.

use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

use memchr::memmem;

/// More than any answer to a terminal's request.
const LONGEST: usize = 16 * 1_024;
/// How long the server may take to accept.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer whose bytes lie in the connection's buffer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Whether it says that it is a recorded answer.
    pub(crate) replayed: bool,
    /// Whether the server closes the connection after it.
    pub(crate) closes: bool,
    body: Range<usize>,
}

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct Connection {
    /// For whoever waits for bytes.
    pub(crate) stream: TcpStream,
    input: Vec<u8>,
    filled: usize,
    head: Option<Response>,
}

impl Connection {
    /// Opens one.
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, input: vec![0; LONGEST], filled: 0, head: None })
    }

    /// Sends a request. Nothing else is under way, so the socket's buffer is empty: one that does
    /// not take all of it at once is as good as broken.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<()> {
        (self.filled, self.head) = (0, None);
        if self.stream.write(request)? == request.len() {
            Ok(())
        } else {
            Err(ErrorKind::WriteZero.into())
        }
    }

    /// Reads what has come, and gives the answer when it is complete. After an error nothing is
    /// known of the request's outcome, and the connection may not be used any more.
    pub(crate) fn receive(&mut self) -> Result<Option<Response>> {
        let free = self.input.get_mut(self.filled..).unwrap_or_default();
        match self.stream.read(free) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => self.filled = self.filled.saturating_add(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
        let input = self.input.get(..self.filled).unwrap_or_default();
        if self.head.is_none() {
            self.head = parse_head(input)?;
        }
        match &self.head {
            Some(head) if self.filled == head.body.end => Ok(Some(head.clone())),
            Some(head) if self.filled > head.body.end || head.body.end > LONGEST => {
                Err(Error::new(ErrorKind::InvalidData, "more than one answer"))
            }
            Some(_) | None => Ok(None),
        }
    }

    /// The body of the last answer.
    pub(crate) fn body(&self, response: &Response) -> &[u8] {
        self.input.get(response.body.clone()).unwrap_or_default()
    }
}

/// Reads the head when all of it is there.
fn parse_head(input: &[u8]) -> Result<Option<Response>> {
    let Some(length) = memmem::find(input, b"\r\n\r\n") else { return Ok(None) };
    let invalid = |what| Error::new(ErrorKind::InvalidData, what);
    let (head, _) = input.split_at(length);
    let status = head.strip_prefix(b"HTTP/1.1 ").and_then(|rest| number(rest.get(..3)?));
    let status = status.and_then(|status| u16::try_from(status).ok());
    let status = status.ok_or_else(|| invalid("not an HTTP/1.1 answer"))?;
    let (mut size, mut closes, mut replayed) = (None, false, false);
    for line in head.split(|&byte| byte == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(value) = value_of(line, b"content-length: ") {
            size = number(value);
        } else if let Some(value) = value_of(line, b"connection: ") {
            closes = value.eq_ignore_ascii_case(b"close");
        } else if let Some(value) = value_of(line, b"idempotent-replayed: ") {
            replayed = value == b"true";
        }
    }
    let size = size.ok_or_else(|| invalid("no Content-Length"))?;
    let start = length.saturating_add(4);
    let body = start..start.saturating_add(size);
    Ok(Some(Response { status, replayed, closes, body }))
}

/// The value of the header field of this name, which is given with its colon and space.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

/// A whole number of nine digits at the most.
fn number(digits: &[u8]) -> Option<usize> {
    let small = (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    let value = |sum: usize, digit: &u8| sum.wrapping_mul(10).wrapping_add(usize::from(digit & 15));
    small.then(|| digits.iter().fold(0, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        assert!(parse_head(b"HTTP/1.1 201 Created\r\ncontent-le").unwrap().is_none());
        let text =
            b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nIdempotent-Replayed: true\r\n\r\n{}";
        let response = parse_head(text).unwrap().unwrap();
        assert_eq!((response.status, response.replayed, response.closes), (201, true, false));
        assert_eq!(text.get(response.body), Some(&b"{}"[..]));
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        for text in [
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        ] {
            assert!(parse_head(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_may_come_in_pieces() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut connection = Connection::open(listener.local_addr().unwrap()).unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4];
            stream.read_exact(&mut request).unwrap();
            for piece in ["HTTP/1.1 200 OK\r\nConte", "nt-Length: 5\r\n\r\nab", "cde"] {
                stream.write_all(piece.as_bytes()).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
            request
        });
        connection.send(b"ping").unwrap();
        let response = loop {
            if let Some(response) = connection.receive().unwrap() {
                break response;
            }
            thread::sleep(Duration::from_millis(1));
        };
        assert_eq!(connection.body(&response), b"abcde");
        assert_eq!(&server.join().unwrap(), b"ping");
        assert_eq!(connection.receive().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}
