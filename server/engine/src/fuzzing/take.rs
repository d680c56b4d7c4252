//! Choices and pieces out of bytes: what is left is the rest of the input.

/// The next byte; 0 when there is none.
pub fn byte(data: &mut &[u8]) -> u8 {
    match data.split_first() {
        Some((first, rest)) => {
            *data = rest;
            *first
        }
        None => 0,
    }
}

/// The next byte as an index below `count`.
pub fn index(data: &mut &[u8], count: usize) -> usize {
    usize::from(byte(data)) % count
}

/// The next two bytes.
pub fn word(data: &mut &[u8]) -> u16 {
    u16::from_le_bytes([byte(data), byte(data)])
}

/// Gives `bytes` to `push` in pieces of a size that the next byte says; whole for 0.
pub fn in_pieces(data: &mut &[u8], bytes: &[u8], mut push: impl FnMut(&[u8])) {
    let size = match byte(data) {
        0 => bytes.len().max(1),
        size => usize::from(size),
    };
    bytes.chunks(size).for_each(&mut push);
}
