//! What a test gives of the files that a pull request changes.

use crate::{
    config::{
        fields::Fields,
        report::{At, Report},
        tree::Kind,
        values, vocabulary,
    },
    model::ChangedFiles,
};

/// The files, each by its path or by all that is known of it. Like GitHub's list this one is cut.
pub(super) fn changed(report: &mut Report<'_>, at: &At<'_>) -> Option<ChangedFiles> {
    let mut files = Vec::new();
    if !matches!(&at.node.kind, Kind::List(items) if items.is_empty()) {
        let items = values::one_or_more(report, at, "files")?;
        let each: Vec<_> = items.iter().map(|item| file(report, item)).collect();
        files = each.into_iter().collect::<Option<Vec<_>>>()?.concat();
    }
    files.truncate(ChangedFiles::MOST);
    let complete = files.len() < ChangedFiles::MOST;
    Some(ChangedFiles { files, complete, head_sha: None })
}

/// The names of a file, as often as there are such.
fn file(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<Vec<String>>> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        return values::text(report, at).map(|path| vec![vec![path.to_owned()]]);
    }
    let fields = Fields::open(report, at, vocabulary::GIVEN_FILE)?;
    let name = fields.require(report, "filename", "write the file's path").map(|at| text(report, &at));
    let previous = fields.get("previous_filename").map(|at| text(report, &at));
    let times = fields.get("times").map_or(Some(1), |at| values::count(report, &at, 1));
    let mut names = vec![name??];
    if let Some(previous) = previous {
        names.push(previous?);
    }
    let times = usize::try_from(times?).unwrap_or(usize::MAX);
    Some(vec![names; times.min(ChangedFiles::MOST)])
}

fn text(report: &mut Report<'_>, at: &At<'_>) -> Option<String> {
    values::text(report, at).map(ToOwned::to_owned)
}
