//! The bytes of a message that no library reads, taken from the front one field at a time.

use super::{Error, Result};

/// The bytes not read yet. A failed read leaves the cursor where it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// What running out means: [`Error::Truncated`] where later bytes could go on, [`Error::Malformed`]
    /// inside a field whose length was declared and whose bytes are all here.
    at_end: Error,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at_end: Error::Truncated }
    }

    /// What is left.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(self.at_end)?;
        self.rest = rest;
        Ok(*head)
    }

    /// The next `len` bytes.
    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(self.at_end)?;
        self.rest = rest;
        Ok(head)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(u8::from_be_bytes)
    }

    pub(super) fn u16_be(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u24_be(&mut self) -> Result<u32> {
        self.array().map(|[high, middle, low]| u32::from_be_bytes([0, high, middle, low]))
    }

    pub(super) fn u32_be(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// A field of `len` bytes, all of which are here.
    pub(super) fn field(&mut self, len: usize) -> Result<Self> {
        Ok(Self { rest: self.bytes(len)?, at_end: Error::Malformed })
    }

    /// `opaque field<0..2^8-1>` in TLS notation (RFC 8446 §3.4): a length, then that many bytes.
    pub(super) fn vec8(&mut self) -> Result<Self> {
        let mut ahead = *self;
        let len = ahead.u8()?;
        let field = ahead.field(len.into())?;
        *self = ahead;
        Ok(field)
    }

    /// `opaque field<0..2^16-1>`.
    pub(super) fn vec16(&mut self) -> Result<Self> {
        let mut ahead = *self;
        let len = ahead.u16_be()?;
        let field = ahead.field(len.into())?;
        *self = ahead;
        Ok(field)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.u32_be(), Err(Error::Truncated));
        assert_eq!(cursor.bytes(4), Err(Error::Truncated));
        assert_eq!(cursor.u16_be(), Ok(0x0102));
        assert_eq!(cursor.u16_be(), Err(Error::Truncated));
        assert_eq!(cursor.u8().unwrap(), 3);
        assert!(cursor.is_empty());
    }

    #[test]
    fn a_field_that_is_all_here_cannot_be_cut_short() {
        let mut cursor = Cursor::new(&[2, 7, 8, 0, 3, 1, 2]);
        let mut field = cursor.vec8().unwrap();
        assert_eq!(field.u24_be(), Err(Error::Malformed));
        assert_eq!(field.rest(), [7, 8]);
        assert_eq!(cursor.vec16().map(|_| ()), Err(Error::Truncated));
        assert_eq!(cursor.rest(), [0, 3, 1, 2], "a failed read moves nothing");
    }
}
