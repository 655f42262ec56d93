//! The figures, as a table to paste.

/// All lines so far.
#[derive(Default)]
pub(crate) struct Report(Vec<Line>);

struct Line {
    what: String,
    figure: String,
    goal: String,
}

impl Report {
    /// A figure without a goal.
    pub(crate) fn note(&mut self, what: impl Into<String>, figure: impl Into<String>) {
        self.push(what.into(), figure.into(), String::new());
    }

    /// A figure that should lie below a bound.
    pub(crate) fn below(&mut self, what: impl Into<String>, figure: f64, bound: f64, unit: &str) {
        let reached = if figure < bound { "reached" } else { "NOT reached" };
        self.push(what.into(), with_unit(figure, unit), format!("< {}: {reached}", with_unit(bound, unit)));
    }

    /// A figure that should not lie below a bound.
    pub(crate) fn at_least(&mut self, what: impl Into<String>, figure: f64, bound: f64, unit: &str) {
        let reached = if figure >= bound { "reached" } else { "NOT reached" };
        self.push(what.into(), with_unit(figure, unit), format!("≥ {}: {reached}", with_unit(bound, unit)));
    }

    /// A figure that should be that exactly, or at most that.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, figure: u64, bound: u64) {
        let reached = if figure <= bound { "reached" } else { "NOT reached" };
        self.push(what.into(), figure.to_string(), format!("≤ {bound}: {reached}"));
    }

    fn push(&mut self, what: String, figure: String, goal: String) {
        println!("{what}: {figure}   {goal}");
        self.0.push(Line { what, figure, goal });
    }

    /// Markdown.
    pub(crate) fn table(&self) -> String {
        let width = |column: fn(&Line) -> &str| self.0.iter().map(|line| column(line).chars().count()).max();
        let what = width(|line| &line.what).unwrap_or(0);
        let figure = width(|line| &line.figure).unwrap_or(0);
        let mut table = format!(
            "| {:what$} | {:>figure$} | goal\n|-{:-<what$}-|-{:-<figure$}:|---\n",
            "measured", "", "", ""
        );
        for line in &self.0 {
            table.push_str(&format!("| {:what$} | {:>figure$} | {}\n", line.what, line.figure, line.goal));
        }
        table
    }
}

fn with_unit(figure: f64, unit: &str) -> String {
    let digits = match figure {
        figure if figure >= 100.0 => 0,
        figure if figure >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{figure:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

/// The middle value; 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value that this share of all do not exceed; 0 of none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the slice")]
    let place = (last as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}
