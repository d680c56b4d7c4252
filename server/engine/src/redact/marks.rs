//! Finds in a cleaned text what stands in the place of what was taken out.

use std::ops::Range;

use super::identify;

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
        .match_indices("[redacted:")
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
