//! Identifiers that their shape gives away.
//!
//! Most signs of a log belong to stamps and numbers. So places are only looked at where signs stand
//! as close together as in an address, and digits only as often as a card's number cannot slip
//! between: the rest is passed at the speed of memory.

use std::ops::{Range, RangeInclusive};

use memchr::{memchr_iter, memchr2_iter, memchr3_iter, memmem};

use super::{Kind, Sighting, account, address, card, email};

/// Adds those of a text of one or more lines: none goes over the end of a line. They come in no
/// order, and may overlap.
pub fn find(text: &[u8], found: &mut Vec<Sighting>) {
    let mut add = |kind, range: Option<Range<usize>>| {
        found.extend(range.map(|range| Sighting { kind, range }));
    };
    addresses(text, &mut add);
    for sign in memchr2_iter(b'@', b'\\', text) {
        if text[sign] == b'@' {
            at_sign(text, sign, &mut add);
        } else {
            add(Kind::User, account::of_domain(text, sign));
        }
    }
    // as in a URL
    for sign in memmem::find_iter(text, "%40") {
        add(Kind::Email, email::around(text, sign..sign + 3));
    }
    cards(text, &mut add);
}

fn at_sign(text: &[u8], sign: usize, add: &mut impl FnMut(Kind, Option<Range<usize>>)) {
    match email::around(text, sign..sign + 1) {
        Some(address) => add(Kind::Email, Some(address)),
        None => add(Kind::User, account::at_host(text, sign)),
    }
}

fn addresses(text: &[u8], add: &mut impl FnMut(Kind, Option<Range<usize>>)) {
    let (mut dots, mut dashes, mut colons) = (Row::default(), Row::default(), Row::default());
    // what stands before it has been looked at
    let mut looked = 0;
    for at in memchr3_iter(b'.', b'-', b':', text) {
        match text[at] {
            b'.' => {
                // octets have one to three digits
                if dots.add(at, 2..=4) >= 3 {
                    add(Kind::Ipv4, address::ipv4(text, dots.last[2]));
                }
                if text.get(at + 5) == Some(&b'.') {
                    add(Kind::Mac, address::dotted_mac(text, at));
                }
            }
            b'-' => {
                if dashes.add(at, 3..=3) >= 5 {
                    add(Kind::Mac, address::mac(text, at - 4 * 3));
                }
            }
            _ => {
                // the shortest has a pair of them, the others have five or more
                let count = colons.add(at, 1..=5);
                let is_pair = count > 1 && colons.last[1] + 1 == at;
                if at >= looked && (is_pair || count >= 5) {
                    looked = hexadecimal(text, at, add);
                }
            }
        }
    }
}

/// Signs of one kind, each close behind the one before.
#[derive(Default)]
struct Row {
    count: usize,
    /// Places of the last ones, newest first.
    last: [usize; 3],
}

impl Row {
    /// Adds the next sign, which goes on with the row when it is so far from the last one; how many
    /// there are now.
    fn add(&mut self, at: usize, distance: RangeInclusive<usize>) -> usize {
        let goes_on = self.count > 0 && distance.contains(&(at - self.last[0]));
        self.count = if goes_on { self.count + 1 } else { 1 };
        self.last = [at, self.last[0], self.last[1]];
        self.count
    }
}

/// Looks at each colon of the run of hexadecimal digits and colons around `colon`; says where the run
/// ends.
fn hexadecimal(
    text: &[u8],
    colon: usize,
    add: &mut impl FnMut(Kind, Option<Range<usize>>),
) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let before = text[..colon].iter().rev().take(address::LONGEST);
    let start = colon - before.take_while(|byte| is_part(byte)).count();
    let after = text[colon..].iter().take_while(|byte| is_part(byte));
    let end = colon + after.count();
    let mut looked = start;
    for at in memchr_iter(b':', &text[start..end]).map(|at| start + at) {
        if at < looked {
            continue;
        }
        let (kind, range) = match address::mac(text, at) {
            Some(mac) => (Kind::Mac, Some(mac)),
            None => (Kind::Ipv6, address::ipv6(text, at)),
        };
        looked = range.as_ref().map_or(at, |range| range.end);
        add(kind, range);
    }
    end
}

/// Of a card's number, whose groups have four digits or more, one of two places so far apart is a
/// digit.
const STRIDE: usize = 9;

fn cards(text: &[u8], add: &mut impl FnMut(Kind, Option<Range<usize>>)) {
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += STRIDE;
            continue;
        }
        let mut run = digits_around(text, at);
        at = run.end + STRIDE - 1;
        for _ in 0..card::MOST_GROUPS {
            if !card::HAS_DIGITS.contains(&run.len()) {
                break;
            }
            add(Kind::Card, card::at(text, run.start, run.len()));
            // it may be of a later group
            match text[..run.start] {
                [.., digit, b' ' | b'-'] if digit.is_ascii_digit() => {
                    run = digits_around(text, run.start - 2);
                }
                _ => break,
            }
        }
    }
}

fn digits_around(text: &[u8], at: usize) -> Range<usize> {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    // what is longer is no number of a card
    let most = card::HAS_DIGITS.end() + 1;
    let before = text[..at].iter().rev().take(most).take_while(is_digit);
    let after = text[at..].iter().take(most).take_while(is_digit);
    at - before.count()..at + after.count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a look at every place finds.
    fn everywhere(text: &[u8]) -> Vec<Sighting> {
        let mut found = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            let mut add = |kind, range: Option<Range<usize>>| {
                found.extend(range.map(|range| Sighting { kind, range }));
            };
            match byte {
                b'.' => {
                    add(Kind::Ipv4, address::ipv4(text, at));
                    add(Kind::Mac, address::dotted_mac(text, at));
                }
                b':' | b'-' => {
                    add(Kind::Mac, address::mac(text, at));
                    if *byte == b':' {
                        add(Kind::Ipv6, address::ipv6(text, at));
                    }
                }
                b'@' => at_sign(text, at, &mut add),
                b'\\' => add(Kind::User, account::of_domain(text, at)),
                b'0'..=b'9' if at == 0 || !text[at - 1].is_ascii_digit() => {
                    let run = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
                    add(Kind::Card, card::at(text, at, run));
                }
                _ => {}
            }
        }
        found
    }

    fn in_order(mut found: Vec<Sighting>) -> Vec<Sighting> {
        super::super::put_in_order(&mut found);
        found
    }

    fn piece() -> impl Strategy<Value = String> {
        const KNOWN: &[&str] = &[
            "10.1.2.3",
            "1.2.3.4.5",
            "fe80::1ff:fe23:4567:890a",
            "2001:db8:0:0:0:0:2:1",
            "::ffff:10.1.2.3",
            "00:1a:2b:3c:4d:5e",
            "00-1A-2B-3C-4D-5E",
            "001a.2b3c.4d5e",
            "a.b@example.com",
            "4111 1111 1111 1111",
            "4012-8888-8888-1881",
            "3782 822463 10005",
            "378282246310005",
            "2026-11-20T14:02:03.123456Z",
            "CONTOSO\\judy",
            "nina@hop:/srv",
            "\n",
        ];
        prop_oneof![
            prop::sample::select(KNOWN).prop_map(str::to_owned),
            "[0-9a-f:. @-]{0,12}",
            "[ ,x=]{1,2}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_passed_over_holds_nothing(pieces in prop::collection::vec(piece(), 0..12)) {
            let text = pieces.concat();
            let mut found = Vec::new();
            find(text.as_bytes(), &mut found);
            prop_assert_eq!(in_order(found), in_order(everywhere(text.as_bytes())), "{}", text);
        }
    }
}
