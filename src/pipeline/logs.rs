//! Reading the logs of jobs: of a run that has ended from its archive, of a job whose run goes on its own log. What is
//! fetched lies in a file without a name beside the database, and is searched for all patterns of all rules at once.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Semaphore;

use crate::{
    github::{Access, GitHubError, LogSink, LogsError},
    model::{Conclusion, Fact, Facts, Job, JobId, JobLog, RunAttempt, RunId, Status, Timestamp},
    rules::Ruleset,
    scan::{ArchivedJob, Limits, Patterns, ScanError, scan_archive, scan_text},
};

use super::{Gatherer, gather::Gathered};

/// A larger archive is not fetched; then each job's own log is.
const LARGEST_ARCHIVE_BYTES: u64 = 512 << 20;
/// A larger log of one job is not fetched.
const LARGEST_LOG_BYTES: u64 = 1 << 30;
/// So many logs are fetched and searched at once.
const AT_ONCE: usize = 2;
/// However slowly a log comes.
const LONGEST: Duration = Duration::from_mins(10);
/// GitHub may not show the log of a job that has just ended: that there is none proves something only when it has been
/// looked for so long, and so often.
const NOT_YET: Duration = Duration::from_secs(60);
const LOOKS: u32 = 4;
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(20);
/// Of a job that ended so long ago no log will come.
const LONG_AGO: Duration = Duration::from_mins(10);

/// What reading logs needs beside the pipeline's handles.
#[derive(Clone)]
pub(super) struct Logs(Arc<Shared>);

struct Shared {
    places: Semaphore,
    files: AtomicU64,
    /// The patterns of the rules that hold now, made ready.
    patterns: Mutex<Option<(Arc<Ruleset>, Arc<Patterns>)>>,
    /// When a job's log was first found to be missing, and how often since.
    missed: Mutex<HashMap<JobId, (Timestamp, u32)>>,
}

impl Default for Logs {
    fn default() -> Self {
        Self(Arc::new(Shared {
            places: Semaphore::new(AT_ONCE),
            files: AtomicU64::new(0),
            patterns: Mutex::default(),
            missed: Mutex::default(),
        }))
    }
}

/// Why a log was not read.
enum Unread {
    /// There is none; with 410 it is deleted or expired, with 404 it may yet come.
    Gone {
        for_good: bool,
    },
    TooLarge(String),
    /// What came cannot be read.
    NotKnown(String),
    /// Our own machine could not; it may be able to later.
    Later(String),
    GitHub(GitHubError),
}

/// A job of the attempt whose archive is read.
struct Wanted {
    id: JobId,
    name: String,
    wanted: bool,
}

impl Gatherer {
    /// Reads a job's log, and with an archive those of the others that are as likely to be asked for. `archive_read` says
    /// whether the archive has been tried for these facts.
    pub(super) async fn read_logs(
        &self,
        access: &Access,
        facts: &mut Facts,
        job: JobId,
        archive_read: &mut bool,
    ) -> Result<Result<(), GitHubError>, Gathered> {
        if conclusion_of(facts, job) == Some(&Conclusion::Skipped) {
            set(facts, job, &Fact::Known(JobLog::Missing));
            return Ok(Ok(()));
        }
        if let Some((attempt, jobs)) = archived(facts, job).filter(|_| !*archive_read) {
            *archive_read = true;
            let wanted: Vec<JobId> = jobs.iter().filter(|job| job.wanted).map(|job| job.id).collect();
            match self.read_archive(access, facts.run.id, attempt, jobs).await {
                Ok(found) => found.into_iter().for_each(|(id, log)| set(facts, id, &Fact::Known(log))),
                // Deleted or expired for all jobs alike.
                Err(Unread::Gone { for_good: true }) => {
                    wanted.into_iter().for_each(|id| set(facts, id, &self.log_is_gone()));
                }
                Err(Unread::Gone { for_good: false } | Unread::TooLarge(_)) => {}
                Err(Unread::NotKnown(why)) => {
                    wanted.into_iter().for_each(|id| set(facts, id, &Fact::Missing(why.clone())));
                }
                Err(Unread::Later(why)) => return Err(Gathered::Later { until: None, why }),
                Err(Unread::GitHub(error)) => return Ok(Err(error)),
            }
            if facts.jobs_mut().any(|of| of.id == job && !of.log.is_not_asked()) {
                return Ok(Ok(()));
            }
        }
        self.read_own_log(access, facts, job).await
    }

    /// That a log is not there: of a run that has just ended it is evidence, of a past one it may have been deleted or
    /// have expired since.
    fn log_is_gone(&self) -> Fact<JobLog> {
        match self.ledger {
            Some(_) => Fact::Known(JobLog::Missing),
            None => Fact::Missing("GitHub shows no log of the job any more".to_owned()),
        }
    }

    async fn read_own_log(
        &self,
        access: &Access,
        facts: &mut Facts,
        job: JobId,
    ) -> Result<Result<(), GitHubError>, Gathered> {
        let fact = match self.fetch_own_log(access, job).await {
            Ok(log) => Fact::Known(log),
            Err(Unread::Gone { for_good: false })
                if self.ledger.is_some() && !self.is_missing_for_good(facts, job) =>
            {
                let until = Some(self.clock.now() + ASK_AGAIN_AFTER);
                let why = format!("GitHub shows no log of job {job} yet");
                return Err(Gathered::Later { until, why });
            }
            Err(Unread::Gone { for_good: true }) => self.log_is_gone(),
            Err(Unread::Gone { for_good: false }) if self.ledger.is_some() || has_other_logs(facts) => {
                Fact::Known(JobLog::Missing)
            }
            Err(Unread::Gone { for_good: false }) => self.log_is_gone(),
            Err(Unread::TooLarge(why) | Unread::NotKnown(why)) => Fact::Missing(why),
            Err(Unread::Later(why)) => return Err(Gathered::Later { until: None, why }),
            Err(Unread::GitHub(error)) => return Ok(Err(error)),
        };
        set(facts, job, &fact);
        Ok(Ok(()))
    }

    /// Whether a log that GitHub does not show will not be shown later either. Before that the lack of it is no evidence:
    /// it would have a failure taken for a lost runner.
    fn is_missing_for_good(&self, facts: &mut Facts, job: JobId) -> bool {
        let now = self.clock.now();
        let ended = facts.jobs_mut().find(|of| of.id == job).and_then(|job| job.completed_at);
        if ended.is_some_and(|ended| now.since(ended) >= LONG_AGO) {
            return true;
        }
        let mut missed = self.logs.0.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.retain(|_, (since, _)| now.since(*since) < LONG_AGO);
        let (since, looks) = missed.entry(job).or_insert((now, 0));
        *looks = looks.saturating_add(1);
        now.since(*since) >= NOT_YET && *looks >= LOOKS
    }

    async fn read_archive(
        &self,
        access: &Access,
        run: RunId,
        attempt: RunAttempt,
        jobs: Vec<Wanted>,
    ) -> Result<Vec<(JobId, JobLog)>, Unread> {
        let reading = async {
            let _place = self.logs.0.places.acquire().await;
            let mut file = tokio::fs::File::from_std(self.spool()?);
            let limit_bytes = LARGEST_ARCHIVE_BYTES;
            let sink = LogSink { writer: &mut file, limit_bytes, progress: &mut |_, _| {} };
            self.github.attempt_logs(access, run, attempt, sink).await?;
            self.search(file, move |file, patterns| {
                let named = jobs.iter().map(|job| ArchivedJob { name: &job.name, wanted: job.wanted });
                let named: Vec<ArchivedJob<'_>> = named.collect();
                let logs = scan_archive(file, &named, patterns, Limits::default())?;
                Ok(jobs.iter().zip(logs).filter_map(|(job, log)| Some((job.id, log?))).collect())
            })
            .await
        };
        in_time(reading).await
    }

    async fn fetch_own_log(&self, access: &Access, job: JobId) -> Result<JobLog, Unread> {
        let reading = async {
            let _place = self.logs.0.places.acquire().await;
            let mut file = tokio::fs::File::from_std(self.spool()?);
            let limit_bytes = LARGEST_LOG_BYTES;
            let sink = LogSink { writer: &mut file, limit_bytes, progress: &mut |_, _| {} };
            self.github.job_logs(access, job, sink).await?;
            self.search(file, |file, patterns| scan_text(file, patterns, Limits::default())).await
        };
        in_time(reading).await
    }

    /// Searches what was fetched, on a thread that may block.
    async fn search<T: Send + 'static>(
        &self,
        file: tokio::fs::File,
        scan: impl FnOnce(&mut File, &Patterns) -> Result<T, ScanError> + Send + 'static,
    ) -> Result<T, Unread> {
        let mut file = file.into_std().await;
        let (logs, rules) = (self.logs.clone(), self.rules());
        let searched = tokio::task::spawn_blocking(move || {
            let patterns = logs.patterns(rules)?;
            file.seek(SeekFrom::Start(0)).map_err(|error| Unread::Later(error.to_string()))?;
            scan(&mut file, &patterns).map_err(|error| Unread::NotKnown(error.to_string()))
        });
        searched.await.map_err(|error| Unread::NotKnown(format!("the search of a log failed: {error}")))?
    }

    /// A file that has no name any more, so that nothing is left of it whatever happens.
    fn spool(&self) -> Result<File, Unread> {
        let number = self.logs.0.files.fetch_add(1, Ordering::Relaxed);
        let mut path = self.spool.as_os_str().to_owned();
        path.push(format!(".log-{}-{number}", std::process::id()));
        let cannot = |error: std::io::Error| Unread::Later(format!("cannot make a file for a log: {error}"));
        // What a process of the same number left at its sudden end.
        drop(fs::remove_file(&path));
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(cannot)?;
        fs::remove_file(&path).map_err(cannot)?;
        Ok(file)
    }
}

impl Logs {
    fn patterns(&self, rules: Arc<Ruleset>) -> Result<Arc<Patterns>, Unread> {
        let mut kept = self.0.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, patterns)) = kept.as_ref()
            && Arc::ptr_eq(of, &rules)
        {
            return Ok(patterns.clone());
        }
        let wanted = rules.log_patterns();
        let built = Patterns::new(wanted.iter().map(|pattern| (pattern.body(), pattern.expression())));
        let patterns = Arc::new(built.map_err(|problem| Unread::NotKnown(problem.to_string()))?);
        *kept = Some((rules, patterns.clone()));
        Ok(patterns)
    }
}

impl From<LogsError> for Unread {
    fn from(error: LogsError) -> Self {
        match error {
            LogsError::LogsGone { status, .. } => Self::Gone { for_good: status == 410 },
            LogsError::TooLarge { .. } => Self::TooLarge(error.to_string()),
            LogsError::Sink(_) => Self::Later(error.to_string()),
            LogsError::GitHub(error) => Self::GitHub(error),
        }
    }
}

async fn in_time<T>(reading: impl Future<Output = Result<T, Unread>>) -> Result<T, Unread> {
    let late = |_| Unread::Later("a log did not come in time".to_owned());
    tokio::time::timeout(LONGEST, reading).await.map_err(late)?
}

/// The attempt whose archive holds the job's log, and its jobs; `None` while the run goes on or its jobs are not known.
fn archived(facts: &Facts, asked: JobId) -> Option<(RunAttempt, Vec<Wanted>)> {
    let attempt = facts.run.attempt?;
    let jobs = facts.details.jobs.known().ok().filter(|_| facts.run.status == Some(Status::Completed))?;
    let asked_job = jobs.iter().find(|job| job.id == asked)?;
    // Where one that failed is asked for, so are the others that did.
    let alike = |job: &Job| job.log.is_not_asked() && (has_failed(job) || !has_failed(asked_job));
    let jobs = jobs.iter().map(|job| Wanted {
        id: job.id,
        name: job.name.clone().unwrap_or_default(),
        wanted: job.id == asked || alike(job),
    });
    Some((attempt, jobs.collect()))
}

fn has_failed(job: &Job) -> bool {
    !matches!(job.conclusion, Some(Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral))
}

/// Whether the run's logs are there, of other jobs.
fn has_other_logs(facts: &mut Facts) -> bool {
    facts.jobs_mut().any(|job| matches!(job.log, Fact::Known(JobLog::Scanned { .. })))
}

fn conclusion_of(facts: &mut Facts, job: JobId) -> Option<&Conclusion> {
    facts.jobs_mut().find(|of| of.id == job).and_then(|job| job.conclusion.as_ref())
}

fn set(facts: &mut Facts, job: JobId, log: &Fact<JobLog>) {
    for job in facts.jobs_mut().filter(|of| of.id == job) {
        job.log = log.clone();
    }
}
