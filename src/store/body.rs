//! How bodies are stored: compressed against a typical webhook, so that twenty kilobytes become one or two.
//!
//! A codec never changes: rows in people's databases name it by number. A better dictionary or another level of
//! its format gets the next number, and the old ones stay here to read by.

use std::{
    io,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

/// No body is longer than this, GitHub's own limit being 25 MB; what claims to be is damaged.
pub(super) const MAX_BODY_BYTES: usize = 26 * 1024 * 1024;

/// The body as it came.
const PLAIN: i64 = 0;

/// One zstd frame with a checksum, over `body_dictionary.json` as a raw dictionary.
const ZSTD_1: i64 = 1;

/// Readers do not depend on it. Measured over made-up webhooks of 21 kB: level -5 gives 2.0 kB in 20 µs, 1 gives
/// 1.6 kB in 25 µs, 3 gives 1.5 kB in 48 µs; without the dictionary 1 gives 2.7 kB.
const LEVEL: i32 = 1;

/// The longest header of a zstd frame: it says how long the body is.
pub(super) const START_BYTES: i64 = 18;

/// A body longer than this is better packed on a thread where it holds up nobody.
pub(super) const LONG_BODY_BYTES: usize = 512 * 1024;

/// What packs is kept for the next body, up to this many; each holds some hundred kilobytes.
const KEPT_PACKERS: usize = 4;

/// The same for what unpacks. To make one is to ask the processor what it can, which takes a virtual machine longer
/// than to unpack a body.
const KEPT_UNPACKERS: usize = 4;

static DICTIONARY_1: &[u8] = include_bytes!("body_dictionary.json");
static ENCODER_1: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, LEVEL));
static DECODER_1: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1));
static PACKERS: Mutex<Vec<Packer>> = Mutex::new(Vec::new());
static UNPACKERS: Mutex<Vec<Decompressor<'static>>> = Mutex::new(Vec::new());

/// A compressor and the room for what it makes, so that a body costs one small allocation.
struct Packer {
    compressor: Compressor<'static>,
    room: Vec<u8>,
}

/// A body in the form in which it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) codec: i64,
    pub(super) bytes: Vec<u8>,
}

/// Packs a body; one that does not shrink, or cannot be compressed, is stored as it is.
pub(super) fn pack(body: Vec<u8>) -> Stored {
    match compress(&body) {
        Ok(bytes) if bytes.len() < body.len() => Stored { codec: ZSTD_1, bytes },
        Ok(_) | Err(_) => Stored { codec: PLAIN, bytes: body },
    }
}

/// Unpacks a stored body.
///
/// # Errors
/// In words, when the codec is not known or the bytes are damaged.
pub(super) fn unpack(codec: i64, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    match codec {
        PLAIN => Ok(bytes),
        ZSTD_1 => decompress(&bytes).map_err(|error| format!("the stored body is damaged: {error}")),
        unknown => Err(format!("the stored body has codec {unknown}, which this version does not know")),
    }
}

/// How long a stored body is once it is unpacked, by its first [`START_BYTES`] bytes and its stored length. Of a
/// damaged one no more than is ever unpacked.
pub(super) fn unpacked_bytes(codec: i64, start: &[u8], packed: usize) -> usize {
    match codec {
        ZSTD_1 => match zstd::zstd_safe::get_frame_content_size(start) {
            Ok(Some(bytes)) => usize::try_from(bytes).unwrap_or(usize::MAX).min(MAX_BODY_BYTES),
            Ok(None) | Err(_) => packed,
        },
        _ => packed,
    }
}

fn compress(body: &[u8]) -> io::Result<Vec<u8>> {
    let kept = idle(&PACKERS).pop();
    let mut packer = match kept {
        Some(packer) => packer,
        None => new_packer()?,
    };
    packer.room.clear();
    packer.room.reserve(zstd::compress_bound(body.len()));
    packer.compressor.compress_to_buffer(body, &mut packer.room)?;
    let bytes = packer.room.clone();
    // One that met a huge body has grown with it.
    if body.len() <= LONG_BODY_BYTES {
        keep(&PACKERS, packer, KEPT_PACKERS);
    }
    Ok(bytes)
}

fn new_packer() -> io::Result<Packer> {
    let mut compressor = Compressor::with_prepared_dictionary(&ENCODER_1)?;
    // Two microseconds for 20 kB, and a damaged body is known as such instead of being judged.
    compressor.include_checksum(true)?;
    Ok(Packer { compressor, room: Vec::new() })
}

fn decompress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let kept = idle(&UNPACKERS).pop();
    let mut unpacker = match kept {
        Some(unpacker) => unpacker,
        None => Decompressor::with_prepared_dictionary(&DECODER_1)?,
    };
    let body = unpacker.decompress(bytes, MAX_BODY_BYTES);
    keep(&UNPACKERS, unpacker, KEPT_UNPACKERS);
    body
}

fn keep<T>(place: &Mutex<Vec<T>>, one: T, most: usize) {
    let mut kept = idle(place);
    if kept.len() < most {
        kept.push(one);
    }
}

fn idle<T>(place: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
