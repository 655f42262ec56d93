//! A rule's conditions as an indented tree with aligned columns: mark and word, expected, observed.

use crate::{
    cli::show::{Paint, Tone, clean},
    model::{ConditionResult, Truth},
};

/// A wider cell does not push the others of its column away.
const WIDEST: usize = 44;

struct Row<'a> {
    depth: usize,
    result: &'a ConditionResult,
}

impl Row<'_> {
    fn left_width(&self) -> usize {
        self.depth * 2 + 2 + self.result.word.chars().count()
    }

    fn is_test(&self) -> bool {
        self.result.parts.is_empty() && !matches!(self.result.word.as_ref(), "all" | "any" | "not")
    }
}

/// The tree, each line indented by so many spaces, the last with a line break.
pub(super) fn tree(result: &ConditionResult, indent: usize, paint: Paint) -> String {
    let mut rows = Vec::new();
    // The whole is an `all`; what counts is what it is made of.
    match result.word.as_ref() {
        "all" if result.parts.is_empty() => {
            return format!("{:indent$}no conditions: every run matches\n", "");
        }
        "all" => result.parts.iter().for_each(|part| flatten(part, 0, &mut rows)),
        _ => flatten(result, 0, &mut rows),
    }
    let left = rows.iter().map(Row::left_width).filter(|width| *width <= WIDEST).max();
    let left = left.unwrap_or(0).max("  condition".len());
    let expected: Vec<String> = rows.iter().map(|row| clean(&row.result.expected)).collect();
    let middle = expected.iter().map(|text| text.chars().count()).filter(|width| *width <= WIDEST).max();
    let middle = middle.unwrap_or(0).max("expected".len());
    let heading = format!("{:left$}  {:middle$}  observed", "  condition", "expected");
    let mut text = format!("{:indent$}{}\n", "", paint.text(Tone::Dim, &heading));
    for (row, expected) in rows.iter().zip(&expected) {
        let (mark, tone) = mark(row.result.satisfied);
        let mark = paint.text(tone, mark);
        let depth = row.depth * 2;
        if !row.is_test() {
            text.push_str(&format!("{:indent$}{:depth$}{mark} {}\n", "", "", row.result.word));
            continue;
        }
        let word_width = left.saturating_sub(depth + 2);
        let (word, observed) = (&row.result.word, clean(&row.result.observed));
        let line =
            format!("{:indent$}{:depth$}{mark} {word:word_width$}  {expected:middle$}  {observed}", "", "");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `✓`, `✗` or `?`, and its colour.
pub(super) fn mark(truth: Truth) -> (&'static str, Tone) {
    match truth {
        Truth::Yes => ("✓", Tone::Good),
        Truth::No => ("✗", Tone::Bad),
        Truth::Unknown => ("?", Tone::Doubt),
    }
}

fn flatten<'a>(result: &'a ConditionResult, depth: usize, rows: &mut Vec<Row<'a>>) {
    // A map of one key, as in `any: [{ branch: main }]`, is that key.
    if let ("all", [only]) = (result.word.as_ref(), result.parts.as_slice()) {
        return flatten(only, depth, rows);
    }
    rows.push(Row { depth, result });
    for part in &result.parts {
        flatten(part, depth + 1, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::show::samples::{group, test};

    #[test]
    fn conditions_are_aligned_and_indented() {
        let result = group(
            "all",
            Truth::No,
            vec![
                test("repository", "acme/*", "acme/api", Truth::Yes),
                group(
                    "any",
                    Truth::Unknown,
                    vec![
                        group(
                            "all",
                            Truth::No,
                            vec![test("branch", "main or release/**", "feature\u{1b}", Truth::No)],
                        ),
                        group(
                            "not",
                            Truth::Unknown,
                            vec![test("actor", "octocat", "not known", Truth::Unknown)],
                        ),
                    ],
                ),
            ],
        );
        let text = [
            "    condition   expected            observed",
            "  ✓ repository  acme/*              acme/api",
            "  ? any",
            "    ✗ branch    main or release/**  feature",
            "    ? not",
            "      ? actor   octocat             not known",
            "",
        ]
        .join("\n");
        assert_eq!(tree(&result, 2, Paint::new(false)), text);
    }

    #[test]
    fn a_long_expectation_does_not_push_the_others_away() {
        let long = "x".repeat(60);
        let result = group(
            "all",
            Truth::No,
            vec![test("branch", &long, "main", Truth::No), test("event", "push", "push", Truth::Yes)],
        );
        let text = format!(
            "  condition  expected  observed\n✗ branch     {long}  main\n✓ event      push      push\n"
        );
        assert_eq!(tree(&result, 0, Paint::new(false)), text);
    }

    #[test]
    fn a_rule_without_conditions_says_so() {
        let empty = group("all", Truth::Yes, Vec::new());
        assert_eq!(tree(&empty, 2, Paint::new(false)), "  no conditions: every run matches\n");
    }
}
