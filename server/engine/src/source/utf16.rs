//! UTF-16 as Windows writes it, made fit for rules over bytes and turned back without loss.
//!
//! On the way in it becomes UTF-8, in which a surrogate without its twin is written as three bytes
//! like any other unit (WTF-8), and an odd byte at the end as one that UTF-8 never has with two
//! behind it. What comes out again, less what was taken out, is the same bytes with the same mark.

/// Stands before the halves of an odd last byte.
const ODD: u8 = 0xfe;
/// What stands for bytes that were cut apart.
const BROKEN: u16 = 0xfffd;

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utf16 {
    Little,
    Big,
}

impl Utf16 {
    /// By the byte order mark that a file begins with.
    pub fn of(head: &[u8]) -> Option<Self> {
        [Self::Little, Self::Big]
            .into_iter()
            .find(|order| head.starts_with(&order.mark()))
    }

    const fn mark(self) -> [u8; 2] {
        self.bytes(0xfeff)
    }

    const fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    const fn bytes(self, unit: u16) -> [u8; 2] {
        match self {
            Self::Little => unit.to_le_bytes(),
            Self::Big => unit.to_be_bytes(),
        }
    }
}

/// From the file's bytes to those that are looked at.
#[derive(Debug)]
pub struct Decoder {
    order: Utf16,
    has_begun: bool,
    odd: Option<u8>,
    high: Option<u16>,
}

impl Decoder {
    pub const fn new(order: Utf16) -> Self {
        Self {
            order,
            has_begun: false,
            odd: None,
            high: None,
        }
    }

    /// Takes the file's next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut bytes = bytes.iter().copied();
        while let Some(first) = self.odd.take().or_else(|| bytes.next()) {
            match bytes.next() {
                Some(second) => self.unit(self.order.unit([first, second]), &mut out),
                None => self.odd = Some(first),
            }
            if self.odd.is_some() {
                break;
            }
        }
        out
    }

    /// What is left at the end of the file.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(high) = self.high.take() {
            push_code(u32::from(high), &mut out);
        }
        if let Some(odd) = self.odd.take() {
            out.extend([ODD, 0x80 | odd >> 4, 0x80 | odd & 0x0f]);
        }
        out
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        // the mark is put back on the way out
        if !std::mem::replace(&mut self.has_begun, true) && unit == 0xfeff {
            return;
        }
        if let Some(high) = self.high.take() {
            if matches!(unit, 0xdc00..=0xdfff) {
                let code = (u32::from(high) - 0xd800) << 10 | (u32::from(unit) - 0xdc00);
                return push_code(0x1_0000 + code, out);
            }
            push_code(u32::from(high), out);
        }
        if matches!(unit, 0xd800..=0xdbff) {
            self.high = Some(unit);
        } else {
            push_code(u32::from(unit), out);
        }
    }
}

/// As UTF-8 does, surrogates too.
fn push_code(code: u32, out: &mut Vec<u8>) {
    let low = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend([0xc0 | (code >> 6) as u8, low(0)]),
        0x800..0x1_0000 => out.extend([0xe0 | (code >> 12) as u8, low(6), low(0)]),
        _ => out.extend([0xf0 | (code >> 18) as u8, low(12), low(6), low(0)]),
    }
}

/// From what was looked at back to what the file has.
#[derive(Debug)]
pub struct Encoder {
    order: Utf16,
    has_begun: bool,
    /// The start of a letter.
    pending: Vec<u8>,
}

impl Encoder {
    pub const fn new(order: Utf16) -> Self {
        Self {
            order,
            has_begun: false,
            pending: Vec::new(),
        }
    }

    /// Takes the next bytes; the mark stands before the first.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 * bytes.len() + 2);
        if bytes.is_empty() {
            return out;
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            out.extend(self.order.mark());
        }
        let mut joined = std::mem::take(&mut self.pending);
        let bytes = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            &joined
        };
        let mut at = 0;
        while let Some(lead) = bytes.get(at) {
            let length = match lead {
                0xc0..0xe0 => 2,
                0xe0..0xf0 | &ODD => 3,
                0xf0..0xf8 => 4,
                _ => 1,
            };
            let Some(letter) = bytes.get(at..at + length) else {
                self.pending = bytes[at..].to_vec();
                break;
            };
            let is_whole = letter[1..].iter().all(|byte| byte & 0xc0 == 0x80);
            at += if is_whole { length } else { 1 };
            self.letter(if is_whole { letter } else { &letter[..1] }, &mut out);
        }
        out
    }

    /// What is left: a letter that was cut apart.
    pub fn finish(&mut self) -> Vec<u8> {
        match std::mem::take(&mut self.pending).is_empty() {
            true => Vec::new(),
            false => self.order.bytes(BROKEN).to_vec(),
        }
    }

    fn letter(&self, letter: &[u8], out: &mut Vec<u8>) {
        let code = match *letter {
            [ascii @ 0..0x80] => u32::from(ascii),
            [ODD, high, low] => return out.push(high << 4 | low & 0x0f),
            [lead, ref rest @ ..] if !rest.is_empty() => {
                let bits = u32::from(lead) & (0x3f >> rest.len());
                (rest.iter()).fold(bits, |code, byte| code << 6 | u32::from(byte & 0x3f))
            }
            _ => u32::from(BROKEN),
        };
        match u16::try_from(code) {
            Ok(unit) => out.extend(self.order.bytes(unit)),
            Err(_) => {
                let above = code - 0x1_0000;
                out.extend(self.order.bytes(0xd800 | (above >> 10 & 0x3ff) as u16));
                out.extend(self.order.bytes(0xdc00 | (above & 0x3ff) as u16));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(order: Utf16, content: &[u8], chunk: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut decoder, mut encoder) = (Decoder::new(order), Encoder::new(order));
        let mut inside: Vec<u8> = (content.chunks(chunk))
            .flat_map(|piece| decoder.push(piece))
            .collect();
        inside.extend(decoder.finish());
        let mut back: Vec<u8> = (inside.chunks(chunk))
            .flat_map(|piece| encoder.push(piece))
            .collect();
        back.extend(encoder.finish());
        (inside, back)
    }

    #[test]
    fn text_is_text_inside() {
        let content: Vec<u8> = "\u{feff}a\r\né€𝄞\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let (inside, back) = there_and_back(Utf16::Big, &content, 3);
        assert_eq!(inside, "a\r\né€𝄞\n".as_bytes());
        assert_eq!(back, content);
        assert_eq!(Utf16::of(&content), Some(Utf16::Big));
    }

    proptest! {
        #[test]
        fn any_units_come_back(
            units in prop::collection::vec(prop_oneof![any::<u16>(), 0xd7f0u16..0xe010], 1..60),
            odd in prop::option::of(any::<u8>()),
            chunk in 1usize..50,
            little: bool,
        ) {
            let order = if little { Utf16::Little } else { Utf16::Big };
            let mut content = order.mark().to_vec();
            content.extend(units.iter().flat_map(|unit| order.bytes(*unit)));
            content.extend(odd);
            prop_assert_eq!(there_and_back(order, &content, chunk).1, content);
        }
    }
}
