//! What stands in the place of what was taken out: `[redacted:RULE]`, or a pseudonym.

use std::ops::Range;

use memchr::memmem;

use super::identify;

/// What a mark begins with; the name of a rule and a bracket follow.
pub const BEGIN: &str = "[redacted:";
/// Of a rule. Longer runs of letters are no name.
pub const LONGEST_NAME: usize = 40;

/// A byte of a rule's name.
pub const fn is_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// Puts down the mark of a rule.
pub fn put(rule: &str, out: &mut Vec<u8>) {
    for piece in [BEGIN, rule, "]"] {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// The whole mark that begins at `at` or, of those before it, nearest to it. What only begins like a
/// mark is text like any other.
fn nearest(line: &[u8], at: usize) -> Option<Range<usize>> {
    let from = at.saturating_sub(BEGIN.len() + LONGEST_NAME);
    let near = &line[from..line.len().min(at + BEGIN.len())];
    let begin = from + memmem::rfind(near, BEGIN.as_bytes())?;
    let name = begin + BEGIN.len();
    let length = line[name..].iter().take_while(|byte| is_name(**byte));
    let end = name + length.take(LONGEST_NAME).count();
    (line.get(end) == Some(&b']')).then_some(begin..end + 1)
}

/// Whether `at` lies in the name of a mark: that is the name of a rule, not of a value.
pub fn is_in_name(line: &[u8], at: usize) -> bool {
    nearest(line, at).is_some_and(|mark| mark.start + BEGIN.len() <= at && at < mark.end)
}

/// Whether a range lies within a mark.
pub fn holds(line: &[u8], range: &Range<usize>) -> bool {
    nearest(line, range.start).is_some_and(|mark| range.end <= mark.end)
}

/// The range without a mark that it begins within, and with all of one that it ends within: a mark
/// is one thing, never cut.
pub fn around(line: &[u8], range: Range<usize>) -> Range<usize> {
    let uncut = |at: usize| {
        let cut = nearest(line, at).filter(|mark| mark.start < at && at < mark.end);
        cut.map_or(at, |mark| mark.end)
    };
    let end = uncut(range.end);
    uncut(range.start).min(end)..end
}

/// The range without the marks that it begins or ends within.
pub fn beside(line: &[u8], range: Range<usize>) -> Range<usize> {
    let cut = |at: usize| nearest(line, at).filter(|mark| mark.start < at && at < mark.end);
    let start = cut(range.start).map_or(range.start, |mark| mark.end);
    let end = cut(range.end).map_or(range.end, |mark| mark.start);
    start..end.max(start)
}

/// Whether a rule has been here: behind its mark stands what it left. `Authorization: Bearer x y`
/// ends with the token, which cannot be told from any other value once it is gone.
pub fn begins_with(value: &[u8], rule: &str) -> bool {
    let behind = value
        .strip_prefix(BEGIN.as_bytes())
        .and_then(|value| value.strip_prefix(rule.as_bytes()));
    behind.is_some_and(|behind| behind.starts_with(b"]"))
}

/// A mark or a pseudonym in a cleaned text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub range: Range<usize>,
    /// Rule, or the word that pseudonyms of its kind begin with.
    pub what: String,
}

/// All of them, in order. What only looks like one, since it stood there before, is among them.
pub fn marks(text: &str) -> Vec<Mark> {
    let mut found: Vec<Mark> = text
        .match_indices(BEGIN)
        .filter_map(|(start, begin)| {
            let rest = &text[start + begin.len()..];
            let rule = &rest[..rest.find(']')?];
            let is_rule = rule.bytes().all(|byte| is_word(byte) || byte == b'_');
            is_rule.then(|| Mark {
                range: start..start + begin.len() + rule.len() + 1,
                what: rule.to_owned(),
            })
        })
        .collect();
    let mut at = 0;
    for word in text.split(|c: char| !c.is_ascii() || !is_word(c as u8)) {
        // a name may go on before a pseudonym, as in `node-ip-4f2a91`
        if let Some((prefix, digits)) = word.rsplit_once('-') {
            let kind = prefix.rsplit('-').next().unwrap_or(prefix);
            let length = kind.len() + 1 + digits.len();
            let start = at + word.len() - length;
            if identify::is_pseudonym(&text.as_bytes()[start..start + length]) {
                found.push(Mark {
                    range: start..start + length,
                    what: kind.to_owned(),
                });
            }
        }
        at += word.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
    }
    found.sort_by_key(|mark| mark.range.start);
    found
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        let found = marks(text);
        found.into_iter().map(|mark| &text[mark.range]).collect()
    }

    #[test]
    fn marks_and_pseudonyms_are_found_and_words_are_not() {
        let text = "Grüße mail-4f2a91, ip-0a0b0c:80 password=[redacted:assignment] mail-room [redacted: no";
        assert_eq!(
            shown(text),
            ["mail-4f2a91", "ip-0a0b0c", "[redacted:assignment]"]
        );
        assert_eq!(shown("user-4f2a9"), Vec::<&str>::new());
        assert_eq!(shown("ip6-4f2a91"), ["ip6-4f2a91"]);
        assert_eq!(shown(""), Vec::<&str>::new());
    }
}
