//! Tables and numbers as text.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table as Grid, TableStyle, Width,
};

use super::plain::one_line;
use super::words::Words;

/// A table without frame: headings, a line, rows.
pub struct Table {
    grid: Grid,
    /// Columns of free text, which may be broken into lines.
    texts: Vec<usize>,
}

const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl Table {
    /// A table with these headings.
    pub fn new<H: Into<String>>(headings: impl IntoIterator<Item = H>) -> Self {
        let mut grid = Grid::new();
        grid.load_style(STYLE);
        grid.set_header(headings.into_iter().map(Into::into).collect::<Vec<String>>());
        Self { grid, texts: Vec::new() }
    }

    /// A table without headings.
    pub fn untitled() -> Self {
        let mut grid = Grid::new();
        grid.load_style(STYLE);
        Self { grid, texts: Vec::new() }
    }

    /// These columns hold numbers: to the right.
    #[must_use]
    pub fn numbers(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        for place in columns {
            if let Some(column) = self.grid.column_mut(place) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        self
    }

    /// These columns hold free text: where the table would be wider than a page, they are broken into lines, and no
    /// others.
    #[must_use]
    pub fn texts(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.texts.extend(columns);
        self
    }

    /// Adds a row.
    pub fn row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let is_first = self.grid.is_empty();
        self.grid.add_row(cells.into_iter().map(|cell| Cell::new_owned(cell.into())).collect::<Vec<_>>());
        if is_first {
            // comfy-table puts one more blank between columns, and without headings has none before the first row.
            self.grid.column_iter_mut().for_each(|column| _ = column.set_padding((0, 1)));
        }
    }

    /// Whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.grid.is_empty()
    }

    /// The table as lines, indented by two columns, no blank at a line's end.
    pub fn text(&self) -> String {
        let page = WIDTH - 2;
        let widest = self.grid.lines().map(|line| line.trim_end().chars().count()).max().unwrap_or_default();
        if self.texts.is_empty() && widest > TERMINAL - 2 {
            return indented(&self.tight());
        }
        if self.texts.is_empty() || widest <= page {
            return indented(&self.grid);
        }
        let mut grid = self.grid.clone();
        grid.set_content_arrangement(ContentArrangement::Dynamic).set_width(page as u16);
        for (place, column) in grid.column_iter_mut().enumerate() {
            column.set_constraint(match self.texts.contains(&place) {
                true => ColumnConstraint::LowerBoundary(Width::Fixed(NARROWEST)),
                false => ColumnConstraint::ContentWidth,
            });
        }
        indented(&grid)
    }
}

impl Table {
    /// With one blank between its columns instead of two.
    fn tight(&self) -> Grid {
        let mut grid = self.grid.clone();
        grid.column_iter_mut().for_each(|column| _ = column.set_padding((0, 0)));
        grid
    }
}

fn indented(grid: &Grid) -> String {
    grid.lines().map(|line| format!("  {}\n", line.trim_end())).collect()
}

/// A column of text is no narrower, in characters with the blanks around it: words stay whole.
const NARROWEST: u16 = 12;

/// A heading of several words, one beneath the other: columns of numbers stay narrow.
pub fn stacked(heading: &str) -> String {
    heading.replace(' ', "\n")
}

/// Widest line of a page, in characters: within a terminal of eighty columns.
const WIDTH: usize = 78;

/// Columns of a terminal.
const TERMINAL: usize = 80;

/// A text broken into lines at blanks, each after `indent`, the first after `first`; ends with a line feed. Line feeds
/// of the text are shown, not obeyed.
pub fn paragraph(first: &str, indent: &str, text: &str) -> String {
    let mut lines = String::from(first);
    let mut used = first.chars().count();
    let mut is_line_start = true;
    for word in one_line(text).split(' ') {
        let length = word.chars().count();
        if !is_line_start && used + 1 + length > WIDTH {
            lines.push('\n');
            lines.push_str(indent);
            used = indent.chars().count();
            is_line_start = true;
        }
        if !is_line_start {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
        is_line_start = false;
    }
    lines.push('\n');
    lines
}

/// A count with its thousands apart: `12,345`.
pub fn count(number: u64, words: &Words) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(words.thousands);
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with one decimal: `25.6`.
pub fn decimal(number: f64, words: &Words) -> String {
    let written = format!("{number:.1}");
    let (whole, tenths) = written.split_once('.').unwrap_or((&written, "0"));
    format!("{}{}{tenths}", whole.parse().map_or(whole.to_owned(), |whole| count(whole, words)), words.decimal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::words::{EN, FR};

    #[test]
    fn thousands_stand_apart_as_each_language_writes_them() {
        assert_eq!(count(0, &EN), "0");
        assert_eq!(count(999, &EN), "999");
        assert_eq!(count(1_234_567, &EN), "1,234,567");
        assert_eq!(count(12_345, &FR), "12\u{a0}345");
        assert_eq!((decimal(1_234.56, &EN), decimal(1_234.56, &FR)), ("1,234.6".into(), "1\u{a0}234,6".into()));
        assert_eq!((decimal(0.0, &EN), decimal(25.0, &FR)), ("0.0".into(), "25,0".into()));
    }

    #[test]
    fn a_paragraph_breaks_at_blanks_and_a_long_word_stands_alone() {
        let word = "x".repeat(60);
        let broken = paragraph("- ", "  ", &format!("{word} {word} end"));
        assert_eq!(broken, format!("- {word}\n  {word} end\n"));
        assert_eq!(paragraph("", "  ", "short"), "short\n");
    }

    #[test]
    fn a_table_wider_than_a_page_breaks_its_texts_and_nothing_else() {
        let mut table = Table::new(["hold", "reason", "by"]).texts([1]);
        table.row([
            "H-1a2b3c4d",
            "the archivist asked for it in a letter that went on and on, as such letters do",
            "marie (1001)",
        ]);
        let text = table.text();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("H-1a2b3c4d") && text.contains("marie (1001)"), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
        let mut short = Table::new(["hold", "reason"]).texts([1]);
        short.row(["H-1", "a claim"]);
        assert_eq!(short.text(), "  hold  reason\n  ──────────────\n  H-1   a claim\n");
    }

    #[test]
    fn a_table_of_numbers_that_is_wider_than_a_terminal_has_one_blank_between_its_columns() {
        let heading = |length: usize| {
            let mut table = Table::new(["x".repeat(length), "due".to_owned(), "open".to_owned()]).numbers([1, 2]);
            table.row(["PC-1", "7", "1"]);
            table.text()
        };
        assert!(heading(70).contains("x due open\n"), "{}", heading(70));
        assert!(heading(66).contains("x  due  open\n"), "{}", heading(66));
    }

    #[test]
    fn an_untitled_table_begins_with_its_first_row() {
        let mut table = Table::untitled();
        table.row(["state", "idle"]);
        table.row(["next scan", "tonight"]);
        assert_eq!(table.text(), "  state      idle\n  next scan  tonight\n");
    }

    #[test]
    fn numbers_stand_to_the_right_under_their_heading() {
        let mut table = Table::new(["rule", "due"]).numbers([1]);
        table.row(["PC-1", "7"]);
        table.row(["PC-2", "1,234"]);
        assert_eq!(table.text(), "  rule    due\n  ────────────\n  PC-1      7\n  PC-2  1,234\n");
    }
}
