//! The part of the zip format that log archives use: files stored or deflated, found by the central directory. By the
//! letter of PKWARE's APPNOTE, sections 4.3 to 4.5. Nothing that the archive says of itself is believed unchecked.

use std::io::{BufReader, Read, Seek, SeekFrom, Take};

use flate2::{Crc, bufread::DeflateDecoder};

use super::ScanError;

/// The record at the end, and the longest comment behind it.
const END_BYTES: u64 = 22;
const LONGEST_TAIL: u64 = END_BYTES + 0xffff + LOCATOR_BYTES;
const LOCATOR_BYTES: u64 = 20;
/// A directory of 20,000 files with names of 400 characters.
const LARGEST_DIRECTORY: u64 = 16 << 20;
const BUFFER_BYTES: usize = 64 << 10;

const BROKEN_END: ScanError = ScanError::Broken("it has no end");
const BROKEN_DIRECTORY: ScanError = ScanError::Broken("its directory is damaged");

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    deflated: bool,
    packed_bytes: u64,
    bytes: u64,
    checksum: u32,
    at: u64,
}

/// Where the directory is.
struct Directory {
    entries: u64,
    bytes: u64,
    at: u64,
}

/// The files of an archive, at most so many.
pub(super) fn entries<F: Read + Seek>(file: &mut F, most: usize) -> Result<Vec<Entry>, ScanError> {
    let directory = find_directory(file)?;
    if directory.entries > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(ScanError::TooMany(most));
    }
    if directory.bytes > LARGEST_DIRECTORY {
        return Err(ScanError::Unsupported("its directory is too large"));
    }
    let bytes = read_at(file, directory.at, directory.bytes).map_err(|_| BROKEN_DIRECTORY)?;
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    for _ in 0..directory.entries {
        let (entry, further) = entry(rest)?;
        rest = further;
        entries.push(entry);
    }
    Ok(entries)
}

/// Reads a file's text piece by piece, until `take` has had enough; `Ok(true)` when it was read to its end.
pub(super) fn read<F: Read + Seek>(
    file: &mut F,
    entry: &Entry,
    mut take: impl FnMut(&[u8]) -> bool,
) -> Result<bool, ScanError> {
    let head =
        read_at(file, entry.at, 30).map_err(|_| ScanError::Broken("a file is not where it should be"))?;
    if !head.starts_with(b"PK\x03\x04") {
        return Err(ScanError::Broken("a file is not where it should be"));
    }
    let skipped = u64::from(u16_at(&head, 26)?) + u64::from(u16_at(&head, 28)?);
    file.seek(SeekFrom::Start(entry.at.saturating_add(30).saturating_add(skipped)))?;
    let packed = BufReader::with_capacity(BUFFER_BYTES, file.take(entry.packed_bytes));
    let mut reader = if entry.deflated {
        Unpacked::Deflated(DeflateDecoder::new(packed))
    } else {
        Unpacked::Stored(packed)
    };
    let (mut sum, mut buffer, mut received) = (Crc::new(), vec![0; 4 * BUFFER_BYTES], 0_u64);
    loop {
        let read = reader.read(&mut buffer)?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        received = received.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if received > entry.bytes {
            return Err(ScanError::Broken("a file is larger than it says"));
        }
        sum.update(piece);
        if !take(piece) {
            return Ok(false);
        }
    }
    if received != entry.bytes || sum.sum() != entry.checksum {
        return Err(ScanError::Broken("a file is not what it says"));
    }
    Ok(true)
}

enum Unpacked<'a, F: Read> {
    Stored(BufReader<Take<&'a mut F>>),
    Deflated(DeflateDecoder<BufReader<Take<&'a mut F>>>),
}

impl<F: Read> Read for Unpacked<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Stored(reader) => reader.read(buffer),
            Self::Deflated(reader) => reader.read(buffer),
        }
    }
}

fn find_directory<F: Read + Seek>(file: &mut F) -> Result<Directory, ScanError> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_at = length.saturating_sub(LONGEST_TAIL);
    let tail = read_at(file, tail_at, length - tail_at)?;
    let end_bytes = usize::try_from(END_BYTES).unwrap_or(usize::MAX);
    let ends_here = |at: &usize| {
        let end = tail.get(*at..).unwrap_or_default();
        let comment = u16_at(end, 20).map(usize::from);
        end.starts_with(b"PK\x05\x06") && comment.is_ok_and(|comment| comment == end.len() - end_bytes)
    };
    let last = tail.len().checked_sub(end_bytes).ok_or(BROKEN_END)?;
    let at = (0..=last).rev().find(ends_here).ok_or(BROKEN_END)?;
    let end = tail.get(at..).unwrap_or_default();
    let small = Directory {
        entries: u16_at(end, 10)?.into(),
        bytes: u32_at(end, 12)?.into(),
        at: u32_at(end, 16)?.into(),
    };
    if u16_at(end, 4)? != 0 && u16_at(end, 4)? != u16::MAX {
        return Err(ScanError::Unsupported("it is one of several parts"));
    }
    let is_large = small.entries == u64::from(u16::MAX)
        || small.bytes == u64::from(u32::MAX)
        || small.at == u64::from(u32::MAX);
    let locator = at.checked_sub(20).and_then(|from| tail.get(from..at));
    let directory = match locator.filter(|locator| is_large && locator.starts_with(b"PK\x06\x07")) {
        None => small,
        Some(locator) => {
            let end = read_at(file, u64_at(locator, 8)?, 56).map_err(|_| BROKEN_END)?;
            if !end.starts_with(b"PK\x06\x06") {
                return Err(BROKEN_END);
            }
            Directory { entries: u64_at(&end, 32)?, bytes: u64_at(&end, 40)?, at: u64_at(&end, 48)? }
        }
    };
    let ends_at = tail_at.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
    match directory.at.checked_add(directory.bytes) {
        Some(end) if end <= ends_at => Ok(directory),
        _ => Err(BROKEN_DIRECTORY),
    }
}

/// One entry of the directory, and what follows it.
fn entry(bytes: &[u8]) -> Result<(Entry, &[u8]), ScanError> {
    if !bytes.starts_with(b"PK\x01\x02") {
        return Err(BROKEN_DIRECTORY);
    }
    let lengths = [u16_at(bytes, 28)?, u16_at(bytes, 30)?, u16_at(bytes, 32)?].map(usize::from);
    let [name, extra, comment] = lengths;
    let rest = bytes.get(46..).ok_or(BROKEN_DIRECTORY)?;
    let (name, rest) = rest.split_at_checked(name).ok_or(BROKEN_DIRECTORY)?;
    let (extra, rest) = rest.split_at_checked(extra).ok_or(BROKEN_DIRECTORY)?;
    let rest = rest.get(comment..).ok_or(BROKEN_DIRECTORY)?;
    if u16_at(bytes, 8)? & 1 == 1 {
        return Err(ScanError::Unsupported("it is encrypted"));
    }
    let deflated = match u16_at(bytes, 10)? {
        0 => false,
        8 => true,
        _ => return Err(ScanError::Unsupported("it is packed in a way that we do not know")),
    };
    let [mut bytes_packed, mut size, mut at] =
        [u32_at(bytes, 20)?, u32_at(bytes, 24)?, u32_at(bytes, 42)?].map(u64::from);
    // What is too large for its place stands, in this order, in a field of its own.
    let mut large = large_sizes(extra);
    for value in [&mut size, &mut bytes_packed, &mut at] {
        if *value == u64::from(u32::MAX) {
            let (own, further) = large.split_at_checked(8).ok_or(BROKEN_DIRECTORY)?;
            *value = u64_at(own, 0)?;
            large = further;
        }
    }
    let path = String::from_utf8_lossy(name).into_owned();
    let entry =
        Entry { path, deflated, packed_bytes: bytes_packed, bytes: size, checksum: u32_at(bytes, 16)?, at };
    Ok((entry, rest))
}

/// The field with sizes beyond 32 bits.
fn large_sizes(extra: &[u8]) -> &[u8] {
    let mut rest = extra;
    while let (Ok(kind), Ok(length)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let Some((field, further)) = rest.get(4..).and_then(|rest| rest.split_at_checked(length.into()))
        else {
            break;
        };
        if kind == 1 {
            return field;
        }
        rest = further;
    }
    &[]
}

fn read_at<F: Read + Seek>(file: &mut F, at: u64, length: u64) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|read| read == length) {
        return Ok(bytes);
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], ScanError> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(BROKEN_DIRECTORY)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, ScanError> {
    array_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, ScanError> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, ScanError> {
    array_at(bytes, at).map(u64::from_le_bytes)
}
