//! Logs: the redirect to a signed address that lives for a minute, and the store behind it.

use super::clock::{shift, text};
use super::delivery::sign;
use super::exchange::{Call, Reply};
use super::run_shapes::scripted_steps;
use super::world::{Attempt, Job, Refusal, Run, World};
use super::zip::Archive;

/// The life of a signed address.
const MINUTE_S: i64 = 60;
/// How long logs are kept.
const RETENTION_S: i64 = 90 * 24 * 60 * 60;
const STORE_KEY: &str = "key of the simulator's log store";

impl World {
    /// 302 to the archive of an attempt that has ended.
    pub(super) fn get_logs(&self, run: &Run, attempt: &Attempt) -> Result<Reply, Refusal> {
        if attempt.status != "completed" {
            return Err(Refusal::not_found());
        }
        self.redirect(run, &format!("/blobs/runs/{}/{}.zip", run.id, attempt.number))
    }

    /// 302 to the text of one job that has ended, even if its run has not.
    pub(super) fn get_job_log(&self, run: &Run, job: &Job) -> Result<Reply, Refusal> {
        if job.status != "completed" {
            return Err(Refusal::not_found());
        }
        self.redirect(run, &format!("/blobs/jobs/{}.txt", job.id))
    }

    fn redirect(&self, run: &Run, path: &str) -> Result<Reply, Refusal> {
        if run.logs_deleted || run.created_at < shift(self.now(), -RETENTION_S) {
            return Err(Refusal::new(410, "Server Error"));
        }
        let until = shift(self.now(), MINUTE_S).as_millisecond();
        let signature = sign(STORE_KEY, format!("{path} {until}").as_bytes());
        let signature = signature.trim_start_matches("sha256=");
        let url = format!("{}{path}?se={until}&sig={signature}", self.blob_base);
        Ok(Reply::empty(302).header("location", &url))
    }

    /// The store wants the signature in the address and refuses any credential beside it.
    pub(super) fn answer_blob(&self, call: &Call) -> Reply {
        if call.header("authorization").is_some() {
            let why = "Authentication information is not given in the correct format. Check the value of Authorization header.";
            return store_error(400, "InvalidAuthenticationInfo", why);
        }
        let until = call.param("se").unwrap_or_default();
        let expected = sign(STORE_KEY, format!("{} {until}", call.path).as_bytes());
        let signed = call.param("sig").is_some_and(|sig| expected == format!("sha256={sig}"));
        let live = until.parse::<i64>().is_ok_and(|until| self.now().as_millisecond() <= until);
        if !signed || !live {
            let why = "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.";
            return store_error(403, "AuthenticationFailed", why);
        }
        let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
        let found = match parts.as_slice() {
            ["blobs", "runs", run, file] => self.archive(run, file),
            ["blobs", "jobs", file] => self.job_text(file),
            _ => return Reply::unknown(),
        };
        found.unwrap_or_else(|| store_error(404, "BlobNotFound", "The specified blob does not exist."))
    }

    fn archive(&self, run: &str, file: &str) -> Option<Reply> {
        let run = self.runs.get(&run.parse().ok()?)?;
        let attempt = run.attempt(file.strip_suffix(".zip")?.parse().ok()?)?;
        Some(Reply::bytes("application/zip", zipped(attempt)))
    }

    fn job_text(&self, file: &str) -> Option<Reply> {
        let id: u64 = file.strip_suffix(".txt")?.parse().ok()?;
        let run = self.runs.get(self.job_runs.get(&id)?)?;
        let (_, job) = run.job(id)?;
        if !job.spec.keeps_log {
            return None;
        }
        Some(Reply::bytes("text/plain; charset=utf-8", job_log(job).into_bytes()))
    }
}

fn store_error(status: u16, code: &str, why: &str) -> Reply {
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{why}</Message></Error>"
    );
    Reply { status, ..Reply::bytes("application/xml", body.into_bytes()) }
}

/// GitHub's layout: `0_job.txt` for each job that has a log, and its steps as `job/1_step.txt`. The number in front is an
/// ordinal of the archive's own.
fn zipped(attempt: &Attempt) -> Vec<u8> {
    let mut archive = Archive::default();
    let mut taken = Vec::new();
    let ran = |job: &&Job| job.conclusion.as_deref() != Some("skipped") && job.spec.keeps_log;
    // Not in the order of the jobs: nobody may go by it.
    for (index, job) in attempt.jobs.iter().filter(ran).rev().enumerate() {
        let name = free_name(file_name(&job.spec.name), &mut taken);
        archive.add(&format!("{index}_{name}.txt"), job_log(job).as_bytes());
        if !job.spec.keeps_step_logs {
            continue;
        }
        let steps = scripted_steps(job);
        for (number, (step, conclusion)) in steps.iter().enumerate().filter(|(_, (_, c))| c != "skipped") {
            let last = number + 1 == steps.len();
            let text = if last { job_log(job) } else { step_log(job, step, conclusion) };
            archive.add(&format!("{name}/{}_{}.txt", number + 1, file_name(step)), text.as_bytes());
        }
    }
    archive.finish()
}

/// Tells jobs apart whose names are the same once they are file names.
fn free_name(name: String, taken: &mut Vec<String>) -> String {
    let others = (1..).map(|number| format!("{name} ({number})"));
    let free = std::iter::once(name.clone()).chain(others).find(|name| !taken.contains(name)).unwrap_or(name);
    taken.push(free.clone());
    free
}

/// Without `/` and `:`, at most 90 UTF-16 units.
fn file_name(name: &str) -> String {
    let mut units = 0;
    let short = name.chars().filter(|letter| !matches!(letter, '/' | ':')).take_while(|letter| {
        units += letter.len_utf16();
        units <= 90
    });
    short.collect::<String>().trim().to_owned()
}

/// The script's text with GitHub's time stamps, or a text that fits how the job ended.
fn job_log(job: &Job) -> String {
    let stamp = format!("{}.0000000Z", text(job.created_at).trim_end_matches('Z'));
    if let Some(log) = &job.spec.log {
        return log.lines().map(|line| format!("{stamp} {line}\n")).collect();
    }
    scripted_steps(job).iter().map(|(step, conclusion)| step_log(job, step, conclusion)).collect()
}

fn step_log(job: &Job, step: &str, conclusion: &str) -> String {
    let stamp = format!("{}.0000000Z", text(job.created_at).trim_end_matches('Z'));
    let end = match conclusion {
        "failure" => "##[error]Process completed with exit code 1.",
        "cancelled" => "##[error]The operation was canceled.",
        "timed_out" => "##[error]The job has exceeded the maximum execution time.",
        _ => "done",
    };
    format!(
        "{stamp} ##[group]{step}\n{stamp} \u{1b}[36;1m./run.sh\u{1b}[0m\n{stamp} ##[endgroup]\n{stamp} {end}\n"
    )
}
