//! Keeping a run's logs in a folder: a file an attempt, there whole and on disk or not at all, and what of the run
//! must not be deleted before.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{
    fs::{self, File},
    io::AsyncReadExt,
};

use crate::{
    github::{Access, LogSink, LogsError},
    model::{
        Action, ActionKind, ActionState, ArchiveLogs, Lane, Outcome, PlannedAction, RepositoryName, RuleName,
        RunAttempt, Timestamp,
    },
};

use super::{Pipeline, perform::outcome_of};

/// A larger archive is not kept, and then nothing of its run is deleted either.
const LARGEST_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// So often right after a run has ended, that GitHub shows no logs may mean that it does not show them yet.
const NOT_YET: u32 = 3;

/// What a zip file begins with; an empty one with the second.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// What became of one attempt's logs.
enum Kept {
    Now,
    Before,
    /// There are none.
    Nothing,
}

impl Pipeline {
    /// Keeps the logs of the judged attempt and of those before it: deleting them deletes all.
    pub(super) async fn archive(
        &self,
        access: &Access,
        plan: &PlannedAction,
        archive: &ArchiveLogs,
        tries: u32,
    ) -> Outcome {
        let folder = match folder_for(&archive.to, &plan.repository, &archive.day).await {
            Ok(folder) => folder,
            Err(error) => {
                return Outcome::Retry(format!("cannot write into {}: {error}", archive.to.display()));
            }
        };
        let (mut now, mut before) = (0, 0);
        for attempt in (1..=plan.attempt.0).map(RunAttempt) {
            match self.archive_attempt(access, plan, attempt, &folder).await {
                Ok(Kept::Now) => now += 1,
                Ok(Kept::Before) => before += 1,
                Ok(Kept::Nothing)
                    if attempt == plan.attempt && plan.lane == Lane::Event && tries <= NOT_YET =>
                {
                    return Outcome::Retry("GitHub shows no logs yet".to_owned());
                }
                Ok(Kept::Nothing) => {}
                Err(error) => return outcome_of_logs(&plan.action, &error, tries),
            }
        }
        let shown = folder.display();
        Outcome::Done(match (now, before) {
            (0, 0) => "no logs to archive".to_owned(),
            (0, _) => format!("the logs were archived in {shown} before"),
            (1, 0) => format!("archived the logs in {shown}"),
            (now, _) => format!("archived the logs of {now} attempts in {shown}"),
        })
    }

    async fn archive_attempt(
        &self,
        access: &Access,
        plan: &PlannedAction,
        attempt: RunAttempt,
        folder: &Path,
    ) -> Result<Kept, LogsError> {
        let name = format!("{}-{attempt}", plan.run);
        let whole = folder.join(format!("{name}.zip"));
        // It got its name only once it was whole and on disk.
        if fs::metadata(&whole).await.is_ok_and(|found| found.is_file()) {
            return Ok(Kept::Before);
        }
        // Of its own name for each rule, so that two at once are not in each other's way.
        let partial = folder.join(format!(".{name}.{}.partial", plan.rule));
        let fetched = self.fetch_archive(access, plan, attempt, &partial).await;
        let placed = match fetched {
            Ok(()) => place(&partial, &whole, folder).await.map_err(sink),
            Err(error) => Err(error),
        };
        match placed {
            Ok(()) => Ok(Kept::Now),
            Err(error) => {
                drop(fs::remove_file(&partial).await);
                match error {
                    LogsError::LogsGone { .. } => Ok(Kept::Nothing),
                    error @ (LogsError::TooLarge { .. } | LogsError::Sink(_) | LogsError::GitHub(_)) => {
                        Err(error)
                    }
                }
            }
        }
    }

    async fn fetch_archive(
        &self,
        access: &Access,
        plan: &PlannedAction,
        attempt: RunAttempt,
        partial: &Path,
    ) -> Result<(), LogsError> {
        let mut file = File::create(partial).await.map_err(sink)?;
        let sink_of_file =
            LogSink { writer: &mut file, limit_bytes: LARGEST_BYTES, progress: &mut |_, _| {} };
        self.github.attempt_logs(access, plan.run, attempt, sink_of_file).await?;
        file.sync_all().await.map_err(sink)?;
        let mut start = [0; 4];
        let read = File::open(partial).await.map_err(sink)?.read_exact(&mut start).await;
        if read.is_err() || !ZIP.contains(&start.as_slice()) {
            return Err(LogsError::Sink("what came from the logs' storage is no zip archive".to_owned()));
        }
        Ok(())
    }

    /// Why nothing of a run is deleted now: its rule archives the logs too, and has not done so.
    pub(super) async fn why_not_deleted(&self, plan: &PlannedAction, now: Timestamp) -> Option<Outcome> {
        match &plan.action {
            Action::DeleteRun | Action::DeleteLogs => {}
            Action::Rerun(_)
            | Action::Cancel
            | Action::ForceCancel(_)
            | Action::ApproveRun(_)
            | Action::ArchiveLogs(_)
            | Action::Notify(_)
            | Action::Check(_)
            | Action::Comment(_)
            | Action::Label(_)
            | Action::ReviewDeployments(_) => return None,
        }
        if plan.rule.as_str() == RuleName::COMMAND {
            return None;
        }
        let archives = self.rules().rule(&plan.rule).is_some_and(|rule| rule.does(ActionKind::ArchiveLogs));
        let waits = |until: Timestamp| {
            let until = until.max(now) + std::time::Duration::from_secs(1);
            Some(Outcome::Blocked(until, "waits until the rule has archived the logs".to_owned()))
        };
        match self.store.sibling(plan, ActionKind::ArchiveLogs).await {
            Err(error) => Some(Outcome::Retry(error.to_string())),
            Ok(Some((ActionState::Done, _))) => None,
            Ok(Some((state, due_at))) if state.is_open() => waits(due_at),
            Ok(Some((state, _))) => {
                Some(Outcome::Refused(format!("nothing is deleted: archive_logs of this run is {state}")))
            }
            Ok(None) if archives => {
                Some(Outcome::Refused("nothing is deleted: the run's logs are not archived".to_owned()))
            }
            Ok(None) => None,
        }
    }
}

fn outcome_of_logs(action: &Action, error: &LogsError, tries: u32) -> Outcome {
    match error {
        LogsError::GitHub(error) => outcome_of(action, error, tries),
        LogsError::TooLarge { .. } => Outcome::Failed(error.to_string()),
        // A disk that is full may have room again.
        LogsError::Sink(_) | LogsError::LogsGone { .. } => Outcome::Retry(error.to_string()),
    }
}

fn sink(error: io::Error) -> LogsError {
    LogsError::Sink(error.to_string())
}

/// `ROOT/OWNER/NAME/DAY`. The root itself is not made: that it is missing may mean a disk that is not mounted.
async fn folder_for(root: &Path, repository: &RepositoryName, day: &str) -> io::Result<PathBuf> {
    if !fs::metadata(root).await?.is_dir() {
        return Err(io::Error::other("it is not a folder"));
    }
    let mut folder = root.to_owned();
    for part in repository.as_str().split('/').chain([day]) {
        let parent = folder.clone();
        folder.push(part);
        match fs::create_dir(&folder).await {
            Ok(()) => sync(&parent).await?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(folder)
}

/// Gives a file that is on disk its name; once this returns the name is on disk too.
async fn place(partial: &Path, whole: &Path, folder: &Path) -> io::Result<()> {
    fs::rename(partial, whole).await?;
    sync(folder).await
}

async fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await
}
