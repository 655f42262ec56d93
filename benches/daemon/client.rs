//! A client that costs the load generator next to nothing: bytes made beforehand over connections kept alive.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// After this an answer is one that did not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    room: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, room: Vec::with_capacity(4096) })
    }

    /// Sends one request as it is, and reads the whole answer: its status.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await.context("cannot send")?;
        tokio::time::timeout(PATIENCE, self.answer()).await.context("no answer in time")?
    }

    async fn answer(&mut self) -> anyhow::Result<u16> {
        self.room.clear();
        loop {
            if self.stream.read_buf(&mut self.room).await? == 0 {
                bail!("the connection was closed without an answer");
            }
            if let Some((status, end)) = head(&self.room)
                && self.room.len() >= end
            {
                return Ok(status);
            }
        }
    }
}

/// The status, and where the answer ends; `None` while the head is not complete.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    Some((status, end + 4 + length.map_or(0, |length| length.parse().unwrap_or(0))))
}

/// GETs a path on a connection of its own: status and text.
pub(crate) async fn get(address: SocketAddr, path: &str) -> anyhow::Result<(u16, String)> {
    let mut connection = Connection::open(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let status = connection.send(request.as_bytes()).await?;
    let text = String::from_utf8_lossy(&connection.room).into_owned();
    Ok((status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}
