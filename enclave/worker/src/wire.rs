//! What goes over the pipes. One message is its length (four bytes, little end first), a byte that says what it is, and its parts;
//! answers have no length, because each side knows how long they are, or reads no further than the declaration allows.

use std::io::{self, Read, Write};

use crate::LIMITS;

/// What a message or an answer is.
pub(crate) mod kind {
    /// To a compile child: the container of manifest and module.
    pub(crate) const COMPILE: u8 = 1;
    /// To a run child: length of the manifest, manifest, compiled code.
    pub(crate) const LOAD: u8 = 2;
    /// Rows: their number, then the columns' words.
    pub(crate) const ROWS: u8 = 3;
    /// People: their number, the rows of each, then all rows, word by word.
    pub(crate) const PEOPLE: u8 = 4;
    /// Answer: compiled code, behind its length.
    pub(crate) const COMPILED: u8 = 0x81;
    /// Answer: loaded.
    pub(crate) const LOADED: u8 = 0x82;
    /// Answer: one code a row.
    pub(crate) const CODES: u8 = 0x83;
    /// Answer: for each person the number of rows, and their codes.
    pub(crate) const GROUPS: u8 = 0x84;
    /// Answer: what was sent cannot be compiled or loaded.
    pub(crate) const REFUSED: u8 = 0x8f;
}

/// The code of NULL, and the number of rows of a person whose guest failed. No declared value has it.
pub(crate) const NONE: u32 = u32::MAX;

/// Puts the head of a message of `length` bytes, its kind not counted.
pub(crate) fn head(out: &mut Vec<u8>, kind: u8, length: usize) -> io::Result<()> {
    let length = u32::try_from(length + 1).ok().filter(|length| *length as usize <= LIMITS.message_bytes);
    out.extend_from_slice(&length.ok_or(io::ErrorKind::InvalidInput)?.to_le_bytes());
    out.push(kind);
    Ok(())
}

/// Reads the head of a message: its kind, and the number of bytes that follow. `None` where the other side has closed the pipe.
pub(crate) fn take_head(from: &mut impl Read) -> io::Result<Option<(u8, usize)>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length) as usize;
    if !(1..=LIMITS.message_bytes).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Some((take_byte(from)?, length - 1)))
}

/// One byte.
pub(crate) fn take_byte(from: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    from.read_exact(&mut byte)?;
    let [byte] = byte;
    Ok(byte)
}

/// One number of four bytes.
pub(crate) fn take_number(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// So many bytes, which the caller has compared with a limit.
pub(crate) fn take_bytes(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Numbers, four bytes each.
pub(crate) fn put_numbers(out: &mut Vec<u8>, numbers: &[u32]) {
    let start = out.len();
    out.resize(start + 4 * numbers.len(), 0);
    if let Some(room) = out.get_mut(start..) {
        room.chunks_exact_mut(4).zip(numbers).for_each(|(place, number)| place.copy_from_slice(&number.to_le_bytes()));
    }
}

/// The numbers in bytes.
pub(crate) fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).map(|four| four.try_into().map_or(NONE, u32::from_le_bytes))
}

/// Sends a whole message.
pub(crate) fn send(to: &mut impl Write, message: &[u8]) -> io::Result<()> {
    to.write_all(message)?;
    to.flush()
}
