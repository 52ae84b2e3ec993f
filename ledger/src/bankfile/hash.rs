//! The hash of a file that goes by while it is read.

use std::io::{self, Read};

use ring::digest::{Context, SHA256};

/// Reads, and remembers the SHA-256 of what was read.
pub(super) struct HashingReader<R> {
    input: R,
    context: Context,
}

impl<R: Read> HashingReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, context: Context::new(&SHA256) }
    }

    /// The hash of all bytes, after reading those not read so far.
    pub(super) fn finish(mut self) -> io::Result<[u8; 32]> {
        io::copy(&mut self, &mut io::sink())?;
        let digest = self.context.finish();
        let bytes = digest.as_ref().try_into();
        bytes.map_err(|_other_length| io::Error::other("SHA-256 has 32 bytes"))
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.context.update(into.get(..read).unwrap_or_default());
        Ok(read)
    }
}
