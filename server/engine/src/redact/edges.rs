//! Nothing hides where chunks end and where long lines are cut.

use super::cleaner::{LIMITS, Limits};
use super::samples::{AWAITED, HEX, IDENTIFIERS, SECRETS};
use super::tests::{cleaned_by, cleaned_in, shared, shown, with_identifiers};
use super::*;

#[test]
fn a_sample_cut_at_any_byte_is_cleaned_as_a_whole() {
    let redactor = with_identifiers();
    for (_, text) in SECRETS.iter().chain(IDENTIFIERS) {
        let text = text.as_bytes();
        let whole = cleaned_by(&redactor, text, usize::MAX);
        for cut in 1..text.len() {
            let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
            for piece in [&text[..cut], &text[cut..]] {
                cleaner.push(piece, &mut out).expect("memory");
            }
            cleaner.finish(&mut out).expect("memory");
            assert_eq!(out.escape_ascii().to_string(), whole, "{cut}");
        }
    }
}

#[test]
fn no_secret_hides_on_the_edge_of_a_chunk() {
    let lines: Vec<&str> = SECRETS.iter().map(|(_, text)| *text).collect();
    let text = lines.join("\n");
    let expected = cleaned_in(text.as_bytes(), usize::MAX);
    for chunk in (1..300).chain([text.len() - 1]) {
        assert_eq!(cleaned_in(text.as_bytes(), chunk), expected, "{chunk}");
    }
}

#[test]
fn overlong_lines_hide_nothing_where_they_are_cut() {
    let secret = b" password=hunter2, token='hunter2 hunter2' amqp://u:hunter2@h ";
    let edge = LIMITS.line - LIMITS.overlap;
    for edge in [edge, LIMITS.line] {
        for offset in (0..secret.len() + 2).step_by(7) {
            let mut line = vec![b'x'; edge - offset];
            line.extend_from_slice(secret);
            line.resize(LIMITS.line + 100_000, b'y');
            line.extend_from_slice(b"\nnext\n");
            let (out, counts) = cleaned_in(&line, usize::MAX);
            assert!(!out.contains("hunter2"), "{offset}");
            assert_eq!(
                counts,
                [("password", 1), ("secret", 1), ("url_password", 1)]
            );
            assert!(out.ends_with(r"yyy\nnext\n"));
        }
    }
}

/// Much smaller than real ones, so that every place of a line can be tried.
const NARROW: Limits = Limits {
    line: 480,
    overlap: 240,
};

/// What is cleaned where lines of 480 bytes are long ones, in pieces that end at these places.
fn cleaned_narrowly(redactor: &Redactor, text: &[u8], cuts: &[usize]) -> Vec<u8> {
    let (mut cleaner, mut out) = (Cleaner::new(redactor, NARROW), Vec::new());
    let mut from = 0;
    for cut in cuts.iter().copied().chain([text.len()]) {
        cleaner.push(&text[from..cut], &mut out).expect("memory");
        from = cut;
    }
    cleaner.finish(&mut out).expect("memory");
    out
}

#[test]
fn nothing_hides_at_any_place_of_a_line_that_is_looked_at_in_pieces() {
    let with_identifiers = with_identifiers();
    let secrets = SECRETS
        .iter()
        .map(|(_, text)| *text)
        .chain(AWAITED.iter().copied());
    let secrets = secrets.map(|text| {
        let value = if text.contains(HEX) { HEX } else { "hunter2" };
        (shared(), text, value)
    });
    // columns are looked for at the beginnings of lines
    let identifiers = IDENTIFIERS
        .iter()
        .filter(|(text, _)| !text.contains("14:02:03"));
    let identifiers = identifiers.map(|(text, value)| (&with_identifiers, *text, *value));
    for (redactor, sample, value) in secrets.chain(identifiers) {
        for before in 0..NARROW.line + sample.len() {
            let head = "x".repeat(before);
            let tail = "y".repeat(NARROW.line.saturating_sub(before) + 40);
            let text = format!("{head} {sample} {tail}\nnext\n");
            // the end of a piece within the sample, too
            let cut = before + before % (sample.len() + 1);
            let out = cleaned_narrowly(redactor, text.as_bytes(), &[cut]);
            let out = shown(&out);
            assert!(
                !out.to_ascii_lowercase().contains(value),
                "{before} {cut} {sample}: {out}"
            );
            assert!(out.ends_with(r"\nnext\n"), "{before} {cut} {sample}: {out}");
        }
    }
}

#[test]
fn a_secret_without_end_takes_the_rest_of_its_line() {
    let mut line = b"a password=".to_vec();
    line.resize(5 * LIMITS.line / 2, b'z');
    line.extend_from_slice(b" tail\nnext\n");
    for chunk in [1000, 131_072, usize::MAX] {
        let (out, _) = cleaned_in(&line, chunk);
        assert_eq!(out, r"a password=[redacted:password]\nnext\n");
    }
}
