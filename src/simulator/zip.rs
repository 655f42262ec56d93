//! A zip archive of stored (not compressed) files, by the letter of PKWARE's APPNOTE, sections 4.3.7 to 4.3.16.

/// An archive that is being written.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

/// "UTF-8 names" and version 2.0; no compression; 1980-01-01 00:00 in MS-DOS form.
const COMMON: [u8; 10] = [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];

impl Archive {
    /// Adds a file; one larger than 4 GiB would be cut in its header, and none is.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        let offset = small(self.bytes.len());
        let sum = crc32(content).to_le_bytes();
        let size = small(content.len()).to_le_bytes();
        let name_size = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();

        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(COMMON);
        for field in [sum, size, size] {
            self.bytes.extend(field);
        }
        self.bytes.extend(name_size);
        self.bytes.extend([0, 0]);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(content);

        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(COMMON);
        for field in [sum, size, size] {
            self.directory.extend(field);
        }
        self.directory.extend(name_size);
        // No extra field, no comment, disk 0, no attributes.
        self.directory.extend([0; 12]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count = self.count.saturating_add(1);
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let offset = small(self.bytes.len()).to_le_bytes();
        let size = small(self.directory.len()).to_le_bytes();
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(size);
        self.bytes.extend(offset);
        self.bytes.extend([0, 0]);
        self.bytes
    }
}

fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The checksum of zip: polynomial 0xEDB88320, reflected.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    !sum
}
