//! Writing to the terminal, or to whatever stands in its place.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;

/// Writes a text and a line end to standard output. A reader that has seen enough, as `head`
/// has, is no error.
///
/// # Errors
/// Standard output cannot be written for another reason.
pub fn show(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Standard output for what is written piece by piece. A reader that has seen enough is no error.
#[derive(Clone, Copy, Debug)]
pub struct StandardOutput;

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match io::stdout().write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match io::stdout().flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}

/// Writes one JSON document to standard output.
///
/// # Errors
/// Standard output cannot be written.
pub fn show_json(document: &impl Serialize) -> io::Result<()> {
    show(&serde_json::to_string_pretty(document)?)
}

/// Writes a text and a line end to standard error; there is nobody to tell when that fails.
pub fn complain(text: &str) {
    let _nobody_reads = writeln!(io::stderr().lock(), "{text}");
}

/// Lines with columns as wide as their widest cell.
#[must_use]
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = head.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String; N]| {
        let cells: Vec<_> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    std::iter::once(&head.map(str::to_owned))
        .chain(rows)
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_with_their_text() {
        let rows = [
            ["1".to_owned(), "long".to_owned()],
            ["200".to_owned(), "x".to_owned()],
        ];
        assert_eq!(table(["A", "B"], &rows), "A    B\n1    long\n200  x");
    }
}
