//! One keep-alive connection that speaks as much HTTP/1.1 as the server needs: a request out, an
//! answer with a `Content-Length` in.

use std::io::{Error, ErrorKind, Result};
use std::ops::Range;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer whose bytes lie in the connection's buffer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Whether it says that it is a recorded answer.
    pub(crate) replayed: bool,
    body: Range<usize>,
}

/// A connection; it opens at its first request and again after an error.
#[derive(Debug)]
pub(crate) struct Connection {
    address: String,
    stream: Option<TcpStream>,
    input: Vec<u8>,
}

impl Connection {
    /// To this `host:port`.
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None, input: Vec::with_capacity(4_096) }
    }

    /// Sends a request and waits for its answer. After an error nothing is known of the outcome.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Response> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(&self.address).await?,
        };
        stream.write_all(request).await?;
        self.input.clear();
        let head = loop {
            receive(&mut stream, &mut self.input).await?;
            if let Some(head) = parse_head(&self.input)? {
                break head;
            }
        };
        while self.input.len() < head.response.body.end {
            receive(&mut stream, &mut self.input).await?;
        }
        // Only a connection whose answer was read to the end may be used again.
        if !head.closes && self.input.len() == head.response.body.end {
            self.stream = Some(stream);
        }
        Ok(head.response)
    }

    /// The body of the last answer.
    pub(crate) fn body(&self, response: &Response) -> &[u8] {
        self.input.get(response.body.clone()).unwrap_or_default()
    }
}

async fn open(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn receive(stream: &mut TcpStream, input: &mut Vec<u8>) -> Result<()> {
    match stream.read_buf(input).await? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// What the head of an answer says.
#[derive(Debug)]
struct Head {
    response: Response,
    closes: bool,
}

/// Reads the head when all of it is there.
fn parse_head(input: &[u8]) -> Result<Option<Head>> {
    let Some(length) = input.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = input.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let mut lines = head.unwrap_or_default().split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|line| line.split(' ').next())
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| Error::new(ErrorKind::InvalidData, "not an HTTP/1.1 answer"))?;
    let (mut size, mut closes, mut replayed) = (None, false, false);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            size = value.parse::<usize>().ok();
        } else if name.eq_ignore_ascii_case("connection") {
            closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("idempotent-replayed") {
            replayed = value == "true";
        }
    }
    let size = size.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no Content-Length"))?;
    let start = length.saturating_add(4);
    let body = start..start.saturating_add(size);
    Ok(Some(Head { response: Response { status, replayed, body }, closes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        assert!(parse_head(b"HTTP/1.1 201 Created\r\ncontent-le").unwrap().is_none());
        let text =
            b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nIdempotent-Replayed: true\r\n\r\n{}";
        let head = parse_head(text).unwrap().unwrap();
        assert_eq!((head.response.status, head.response.replayed), (201, true));
        assert_eq!(text.get(head.response.body), Some(&b"{}"[..]));
        assert!(!head.closes);
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        assert!(parse_head(b"SSH-2.0\r\n\r\n").is_err());
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
