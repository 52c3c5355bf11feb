//! The bytes of a recording, as a window that slides over the file: memory stays bounded for files of any size.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// The size that the window begins with: many packets a system call.
const WINDOW: usize = 256 * 1024;

/// A reader with a window of bytes that can be looked at before they are taken.
pub(super) struct Source {
    reader: Box<dyn Read + Send>,
    /// `start..end` is read but not taken.
    window: Vec<u8>,
    start: usize,
    end: usize,
}

impl Source {
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { reader, window: vec![0; WINDOW], start: 0, end: 0 }
    }

    /// The same source, packed with gzip, unpacked: from the bytes that were not taken yet.
    pub(super) fn unpacked(self) -> Self {
        let begun = io::Cursor::new(self.peek().to_vec());
        Self::new(Box::new(MultiGzDecoder::new(begun.chain(self.reader))))
    }

    /// The bytes read but not taken.
    pub(super) fn peek(&self) -> &[u8] {
        self.window.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads until at least `len` bytes can be looked at, or the file ends; says whether they can.
    pub(super) fn fill(&mut self, len: usize) -> io::Result<bool> {
        while self.end - self.start < len {
            if self.window.len() - self.start < len {
                self.window.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
                if self.window.len() < len {
                    self.window.resize(len, 0);
                }
            }
            let free = self.window.get_mut(self.end..).unwrap_or_default();
            match self.reader.read(free) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end += count,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(true)
    }

    /// Takes `len` bytes, or what there is.
    pub(super) fn take(&mut self, len: usize) {
        self.start = self.end.min(self.start.saturating_add(len));
    }

    /// Steps over `len` bytes without keeping them; says whether they were there.
    pub(super) fn skip(&mut self, len: usize) -> io::Result<bool> {
        let here = len.min(self.end - self.start);
        self.take(here);
        let mut left = len - here;
        while left > 0 {
            let step = left.min(WINDOW);
            if !self.fill(step)? {
                self.take(step);
                return Ok(false);
            }
            self.take(step);
            left -= step;
        }
        Ok(true)
    }

    /// How much memory the window takes, in bytes.
    #[cfg(test)]
    pub(super) fn window_len(&self) -> usize {
        self.window.len()
    }
}
