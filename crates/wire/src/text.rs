//! Text from strangers, made safe to show.

/// At most `max` characters of `bytes`, with everything but letters, digits, punctuation and
/// spaces escaped, so that no control or direction mark reaches a terminal or a page.
pub(crate) fn printable(bytes: &[u8], max: usize) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            if char.is_alphanumeric() || char.is_ascii_graphic() || char == ' ' {
                text.push(char);
            } else {
                text.extend(char.escape_unicode());
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
        if text.len() > max.saturating_mul(8) {
            break;
        }
    }
    if text.chars().count() > max {
        text = text.chars().take(max).chain(['…']).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_marks_are_escaped() {
        assert_eq!(printable(b"evil\0.a", 20), "evil\\u{0}.a");
        assert_eq!(printable("é\u{202e}x".as_bytes(), 20), "é\\u{202e}x");
        assert_eq!(printable(b"\xffz", 20), "\\xffz");
        assert_eq!(printable(b"abcdef", 3), "abc…");
    }
}
