//! Archives for tests.

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// What an archive says of a file.
pub(super) struct Packed {
    pub(super) path: String,
    pub(super) packed: Vec<u8>,
    pub(super) bytes: u32,
    pub(super) checksum: u32,
    pub(super) method: u16,
}

impl Packed {
    pub(super) fn deflated(path: &str, text: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        Self { packed: encoder.finish().unwrap(), method: 8, ..Self::stored(path, text) }
    }

    pub(super) fn stored(path: &str, text: &[u8]) -> Self {
        let mut sum = Crc::new();
        sum.update(text);
        let bytes = u32::try_from(text.len()).unwrap();
        Self { path: path.to_owned(), packed: text.to_vec(), bytes, checksum: sum.sum(), method: 0 }
    }
}

/// An archive of deflated files.
pub(super) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    joined(&files.iter().map(|(path, text)| Packed::deflated(path, text.as_bytes())).collect::<Vec<_>>())
}

pub(super) fn joined(files: &[Packed]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        let at = u32::try_from(bytes.len()).unwrap();
        let mut common = vec![20, 0, 0, 8];
        common.extend(file.method.to_le_bytes());
        common.extend([0, 0, 0x21, 0]);
        common.extend(file.checksum.to_le_bytes());
        common.extend(u32::try_from(file.packed.len()).unwrap().to_le_bytes());
        common.extend(file.bytes.to_le_bytes());
        common.extend(u16::try_from(file.path.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(file.path.as_bytes());
        bytes.extend(&file.packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(file.path.as_bytes());
    }
    let at = u32::try_from(bytes.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}
