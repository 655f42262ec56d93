//! Taking deliveries in: a bounded queue, and one task that writes what has gathered in one transaction.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    Signals, body,
    error::IngestError,
    insert::{self, Ingested, Packed},
    writer::Writer,
};
use crate::model::NewDelivery;

/// Deliveries that may wait to be written.
pub const QUEUE_ENTRIES: usize = 1024;

/// Bytes of packed bodies that may wait to be written.
pub const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// Deliveries taken from the queue ahead of being written.
const BATCH: usize = 128;

/// The way to the task that writes.
pub(super) struct Queue {
    sender: Mutex<Option<mpsc::Sender<Job>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    waiting_bytes: Arc<AtomicUsize>,
}

struct Job {
    delivery: Packed,
    reply: oneshot::Sender<Result<Ingested, IngestError>>,
    share: Share,
}

/// A part of [`QUEUE_BYTES`], given back when dropped.
pub(super) struct Share {
    bytes: usize,
    waiting_bytes: Arc<AtomicUsize>,
}

impl Queue {
    /// Starts the task that writes.
    pub(super) fn start(writer: Arc<Writer>, signals: Arc<Signals>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_ENTRIES);
        let task = tokio::spawn(write_batches(receiver, writer, signals));
        Self {
            sender: Mutex::new(Some(sender)),
            task: Mutex::new(Some(task)),
            waiting_bytes: Arc::new(AtomicUsize::new(0)),
        }
    }

    pub(super) async fn ingest(&self, delivery: NewDelivery) -> Result<Ingested, IngestError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sender = sender.ok_or(IngestError::Closed)?;
        // Before the work of packing, so that overload costs little.
        let permit = sender.try_reserve_owned().map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => IngestError::Full,
            mpsc::error::TrySendError::Closed(_) => IngestError::Closed,
        })?;
        let packed = pack(delivery).await?;
        let share = self.share(packed.body.len())?;
        let (reply, answer) = oneshot::channel();
        permit.send(Job { delivery: packed, reply, share });
        answer
            .await
            .unwrap_or_else(|_| Err(IngestError::Broken("the task that writes has stopped".to_owned())))
    }

    /// A share of the memory for what waits.
    pub(super) fn share(&self, bytes: usize) -> Result<Share, IngestError> {
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::AcqRel);
        let share = Share { bytes, waiting_bytes: Arc::clone(&self.waiting_bytes) };
        if before + bytes > QUEUE_BYTES { Err(IngestError::Full) } else { Ok(share) }
    }

    /// Takes nothing more, and returns when all that was taken has been written.
    pub(super) async fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the task that writes deliveries ended badly");
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.waiting_bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

async fn pack(delivery: NewDelivery) -> Result<Packed, IngestError> {
    if delivery.body.len() <= body::LONG_BODY_BYTES {
        return Ok(insert::pack(delivery));
    }
    let packing = tokio::task::spawn_blocking(|| insert::pack(delivery));
    packing.await.map_err(|error| IngestError::Broken(format!("cannot pack the body: {error}")))
}

async fn write_batches(mut queue: mpsc::Receiver<Job>, writer: Arc<Writer>, signals: Arc<Signals>) {
    let mut waiting = Vec::with_capacity(BATCH);
    loop {
        // What the last statement left behind goes first, with all that has gathered meanwhile.
        while waiting.len() < BATCH
            && let Ok(job) = queue.try_recv()
        {
            waiting.push(job);
        }
        if waiting.is_empty() && queue.recv_many(&mut waiting, BATCH).await == 0 {
            return;
        }
        let taken = waiting.drain(..insert::takes(waiting.len()));
        let (deliveries, replies): (Vec<_>, Vec<_>) =
            taken.map(|job| (job.delivery, (job.reply, job.share))).unzip();
        let written = write(&writer, &deliveries).await;
        signals.taken_in.fetch_add(deliveries.len() as u64, Ordering::Relaxed);
        if written.as_ref().is_ok_and(|all| all.iter().any(|one| *one != Ingested::Duplicate)) {
            signals.inbox.notify_waiters();
        }
        answer(replies, written);
    }
}

async fn write(writer: &Writer, deliveries: &[Packed]) -> Result<Vec<Ingested>, IngestError> {
    const DOING: &str = "store deliveries";
    let written = async {
        let mut turn = writer.single(DOING).await?;
        let work = insert::insert(turn.connection(), deliveries).await;
        turn.end(DOING, work).await
    };
    written.await.map_err(|error| match error {
        super::StoreError::Closed => IngestError::Closed,
        other => IngestError::Broken(other.to_string()),
    })
}

fn answer(
    replies: Vec<(oneshot::Sender<Result<Ingested, IngestError>>, Share)>,
    written: Result<Vec<Ingested>, IngestError>,
) {
    match written {
        // Nobody listens to a reply when the sender hung up; the delivery is stored all the same.
        Ok(all) => replies.into_iter().zip(all).for_each(|((reply, _), one)| drop(reply.send(Ok(one)))),
        Err(error) => replies.into_iter().for_each(|(reply, _)| drop(reply.send(Err(error.clone())))),
    }
}
