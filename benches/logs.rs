//! What searching log archives costs: `cargo bench --bench logs`. Prints; fails on nothing.
//!
//! One thread searches the archive of an attempt for a hundred patterns; beside it, where they are installed, `unzip -p`
//! and `rg` do the same with the same patterns. Then a small and a large log are searched, to see what memory they take.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    reason = "a measuring program, not the product"
)]

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{Read, Seek, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use flate2::{Compression, Crc, write::DeflateEncoder};
use runwarden::{
    model::JobLog,
    scan::{ArchivedJob, Limits, Patterns, scan_archive, scan_text},
};

const JOBS: usize = 20;
const JOB_BYTES: usize = 10 << 20;
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let expressions = expressions();
    let pairs = expressions.iter().map(|expression| (expression.as_str(), expression.as_str()));
    let patterns = Patterns::new(pairs).unwrap();
    let archive = folder.path().join("logs.zip");
    let text_bytes = write_archive(&archive);
    let packed = fs::metadata(&archive).unwrap().len();
    println!(
        "{} MB of text in {} MB of zip, {} jobs, {} patterns",
        text_bytes / 1_000_000,
        packed / 1_000_000,
        JOBS,
        patterns.len()
    );

    let names: Vec<String> = (0..JOBS).map(|job| format!("job {job}")).collect();
    let jobs: Vec<ArchivedJob<'_>> = names.iter().map(|name| ArchivedJob { name, wanted: true }).collect();
    let own = median(|| {
        let mut file = File::open(&archive).unwrap();
        let logs = scan_archive(&mut file, &jobs, &patterns, Limits::default()).unwrap();
        assert_eq!(logs.iter().flatten().map(hits).sum::<usize>(), 1);
    });
    println!("from the zip, one thread:  {:>6.0} MB/s (goal 250)", rate(text_bytes, own));
    match beside(folder.path(), &archive, &expressions) {
        Some(other) => println!("unzip -p | rg:             {:>6.0} MB/s", rate(text_bytes, other)),
        None => println!("unzip -p | rg:             not installed"),
    }

    for megabytes in [10, 1_000] {
        let mut log = Endless { block: text(0, 1 << 20), at: 0, left: megabytes << 20 };
        // The peak is that of this log alone.
        drop(fs::write("/proc/self/clear_refs", "5"));
        let begun = Instant::now();
        let limits = Limits { text_bytes: u64::MAX, ..Limits::default() };
        scan_text(&mut log, &patterns, limits).unwrap();
        println!(
            "a log of {megabytes:>5} MB:         {:>6.0} MB/s, peak memory of this program {:.0} MB",
            rate(megabytes << 20, begun.elapsed()),
            peak_megabytes()
        );
    }
}

fn hits(log: &JobLog) -> usize {
    match log {
        JobLog::Scanned { hits, .. } => hits.len(),
        JobLog::Missing => 0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

fn median(act: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            act();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

/// What infrastructure failures print, each with a few names.
fn expressions() -> Vec<String> {
    const SHAPES: [&str; 10] = [
        "{} is unreachable",
        r"(?i)could not resolve host: {}\b",
        "connect ECONNREFUSED {}",
        r"^fatal: .* {}: connection reset by peer",
        r"\b(?:429|503)\b.*{}",
        "TLS handshake timeout.*{}",
        "{}: no space left on device$",
        "toomanyrequests: .*{}",
        "{}.* timed out after [0-9]+ ms",
        "failed to fetch .*/{}/",
    ];
    let names =
        ["npmjs", "pypi", "crates", "maven", "docker", "ghcr", "ubuntu", "rubygems", "nuget", "golang"];
    SHAPES.iter().flat_map(|shape| names.map(|name| shape.replace("{}", name))).collect()
}

/// Lines as compilers, tests and package managers print them.
fn text(seed: usize, bytes: usize) -> String {
    const WORDS: [&str; 16] = [
        "Compiling",
        "Downloaded",
        "test",
        "ok",
        "running",
        "warning:",
        "unused",
        "variable",
        "src/lib.rs:42:7",
        "v1.2.3",
        "(file:///api)",
        "Fetched",
        "in",
        "0.42s",
        "passed",
        "\u{1b}[32m✓\u{1b}[0m",
    ];
    let mut state = seed * 2 + 0x9e37_79b9;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        write!(text, "2026-11-22T12:{:02}:{:02}.{:07}Z", next() % 60, next() % 60, next() % 10_000_000)
            .unwrap();
        for _ in 0..3 + next() % 10 {
            text.push(' ');
            text.push_str(WORDS[next() % WORDS.len()]);
        }
        text.push('\n');
    }
    text
}

/// Writes a deflated archive with one line to find; returns the bytes of its text.
fn write_archive(path: &Path) -> usize {
    let mut file = File::create(path).unwrap();
    let (mut directory, mut total) = (Vec::new(), 0);
    for job in 0..JOBS {
        let mut log = text(job, JOB_BYTES);
        if job == JOBS - 1 {
            log.push_str("2026-11-22T12:00:00.0000000Z connect ECONNREFUSED npmjs\n");
        }
        total += log.len();
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(log.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        let mut sum = Crc::new();
        sum.update(log.as_bytes());
        let name = format!("{job}_job {job}.txt");
        let at = u32::try_from(file.stream_position().unwrap()).unwrap();
        let mut common = vec![20, 0, 0, 8, 8, 0, 0, 0, 0x21, 0];
        common.extend(sum.sum().to_le_bytes());
        common.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        common.extend(u32::try_from(log.len()).unwrap().to_le_bytes());
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        file.write_all(&[b"PK\x03\x04", common.as_slice(), name.as_bytes(), &packed].concat()).unwrap();
        directory.extend(
            [b"PK\x01\x02\x14\x00", common.as_slice(), &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let at = u32::try_from(file.stream_position().unwrap()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let count = u16::try_from(JOBS).unwrap().to_le_bytes();
    let end = [b"PK\x05\x06\x00\x00\x00\x00".as_slice(), &count, &count, &size, &at, &[0, 0]].concat();
    file.write_all(&[directory, end].concat()).unwrap();
    total
}

/// The same with `unzip` and `rg`, if both are installed.
fn beside(folder: &Path, archive: &Path, expressions: &[String]) -> Option<Duration> {
    let installed = |program: &str, argument: &str| {
        Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    if !installed("unzip", "-v") || !installed("rg", "--version") {
        return None;
    }
    let list = folder.join("patterns");
    fs::write(&list, expressions.join("\n")).unwrap();
    // Once: it takes long. Without Unicode's tables it is the quicker.
    let begun = Instant::now();
    let mut unzip = Command::new("unzip").arg("-p").arg(archive).stdout(Stdio::piped()).spawn().unwrap();
    let text = unzip.stdout.take().unwrap();
    let asked = ["-c", "--no-unicode", "-f"];
    let rg = Command::new("rg").args(asked).arg(&list).stdin(text).stdout(Stdio::null()).status();
    assert!(rg.is_ok());
    unzip.wait().unwrap();
    Some(begun.elapsed())
}

/// A log of one block over and over.
struct Endless {
    block: String,
    at: usize,
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.block.as_bytes()[self.at..];
        let size = rest.len().min(buffer.len()).min(self.left);
        buffer[..size].copy_from_slice(&rest[..size]);
        self.at = (self.at + size) % self.block.len();
        self.left -= size;
        Ok(size)
    }
}

/// The most memory that this program has had.
fn peak_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0.0) / 1_000.0
}
