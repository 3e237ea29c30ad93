//! Words and numbers for the eye: escaped names, widths on a terminal, ratios, wrapped lines.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::units::{counted, grouped};

/// A layer's name is no longer than this in a sentence; JSON and CSV have it whole.
const SPOKEN: usize = 48;

/// A name as it is safe to print: what would move the cursor, reorder or hide text is spelled out,
/// `\n` or `\u{202e}`.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        if it.is_control() {
            out.extend(it.escape_default());
        } else if is_invisible(it) {
            out.extend(it.escape_unicode());
        } else {
            out.push(it);
        }
    }
    out
}

/// Characters that take no room or change the order of those around them.
///
/// Source: bidirectional controls of UAX #9, and the default ignorable characters of Unicode.
fn is_invisible(it: char) -> bool {
    matches!(
        it,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Columns that `text` takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `room` columns: a long one loses its middle, never its end.
pub(super) fn elided(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let kept = room.saturating_sub(1);
    let start = taken(text.chars(), kept / 4);
    let end = taken(text.chars().rev(), kept.saturating_sub(width(&start)));
    let end: String = end.chars().rev().collect();
    format!("{start}…{end}")
}

/// A layer's name in at most `room` columns. PyTorch's exporter repeats a module's name in those of its
/// parts (`/conv/conv.0/conv.0.1/Conv`); a long name loses those first, since they say nothing new
/// (`…conv.0.1/Conv`), and only then its middle.
pub(super) fn short_name(name: &str, room: usize) -> String {
    if width(name) <= room {
        return name.to_owned();
    }
    let parts: Vec<&str> = name.trim_start_matches('/').split('/').collect();
    let mut short = String::new();
    for (at, part) in parts.iter().enumerate() {
        let next = parts.get(at + 1);
        let rest = next.and_then(|it| it.strip_prefix(part));
        if rest.is_some_and(|it| it.starts_with('.')) {
            if !short.ends_with('…') {
                short.push('…');
            }
            continue;
        }
        short.push_str(part);
        short.push_str(if next.is_some() { "/" } else { "" });
    }
    let slash = if short.starts_with('…') || !name.starts_with('/') {
        ""
    } else {
        "/"
    };
    elided(&format!("{slash}{short}"), room)
}

/// A layer's name in a sentence.
pub(super) fn spoken(name: &str) -> String {
    short_name(&printable(name), SPOKEN)
}

/// The first of `chars` that fit in `room` columns.
fn taken(chars: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0;
    let fits = |it: &char| {
        used += it.width().unwrap_or(0);
        used <= room
    };
    chars.take_while(fits).collect()
}

/// `text` filled up with spaces to `room` columns.
pub(super) fn padded(text: &str, room: usize) -> String {
    let missing = room.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Items three spaces apart, in lines of at most `room` columns; an item is broken between its words
/// only where it is longer than a line.
pub(super) fn flowed(items: &[String], room: usize) -> Vec<String> {
    let fits = |it: &String| width(it) <= room;
    let pieces = items.iter().flat_map(|it| {
        if fits(it) {
            vec![it.clone()]
        } else {
            wrapped(it, room)
        }
    });
    let pieces: Vec<String> = pieces.collect();
    joined(pieces.iter().map(String::as_str), "   ", room)
}

/// Words in lines of at most `room` columns; a longer word stands alone.
pub(super) fn wrapped(text: &str, room: usize) -> Vec<String> {
    joined(text.split(' '), " ", room)
}

fn joined<'a>(pieces: impl Iterator<Item = &'a str>, separator: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(piece) <= room => {
                line.push_str(separator);
                line.push_str(piece);
            }
            _ => lines.push(piece.to_owned()),
        }
    }
    lines
}

/// A ratio that is known as a float only, printed as [`crate::units::ratio`] prints.
pub(super) fn float_ratio(ratio: f64) -> String {
    let text = format!("{ratio:.1}");
    match text.split_once('.') {
        Some((whole, "0")) => grouped(whole),
        Some((whole, decimal)) => format!("{}.{decimal}", grouped(whole)),
        None => text,
    }
}

/// `1 conv`, `2 convs`, `no convs`.
pub(super) fn plural(count: u128, one: &str) -> String {
    match count {
        0 => format!("no {one}s"),
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", counted(count)),
    }
}

/// The first `most` names, escaped, and how many more there are: `a, b and 12 more`.
pub(super) fn several(names: &[impl AsRef<str>], most: usize) -> String {
    let first: Vec<String> = names
        .iter()
        .take(most)
        .map(|it| spoken(it.as_ref()))
        .collect();
    match names.len().saturating_sub(most) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A formula as it stands in a book: `34944 * (floor((height - 11) / 4) + 1)` becomes
/// `34,944 × (⌊(height−11)/4⌋+1)`. Terms with a product among them stand apart: `2 × a + b`.
pub(super) fn formula(plain: &str) -> String {
    let mut out = String::new();
    // Of each bracket that is open what closes it, and whether its terms stand apart.
    let mut open = vec![("", apart(plain))];
    let mut rest = plain;
    let mut digits = String::new();
    let mut in_word = false;
    while let Some(next) = rest.chars().next() {
        if next.is_ascii_digit() && !in_word {
            digits.push(next);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        out.push_str(&grouped(&std::mem::take(&mut digits)));
        let read = token(rest, next, in_word, &mut open, &mut out);
        in_word = read == next.len_utf8() && (next.is_alphanumeric() || next == '_');
        rest = rest.get(read..).unwrap_or_default();
    }
    out + &grouped(&digits)
}

/// Writes the book's spelling of the next piece of a formula; how many bytes it takes from `rest`.
fn token(
    rest: &str,
    next: char,
    in_word: bool,
    open: &mut Vec<(&'static str, bool)>,
    out: &mut String,
) -> usize {
    let signs = [
        (" * ", " × ", " × "),
        (" - ", " − ", "−"),
        (" + ", " + ", "+"),
        (" / ", " / ", "/"),
    ];
    if let Some((plain, wide, tight)) = signs.iter().find(|it| rest.starts_with(it.0)) {
        let apart = open.last().is_some_and(|it| it.1);
        out.push_str(if apart { wide } else { tight });
        return plain.len();
    }
    let brackets = [("floor(", "⌊", "⌋"), ("(", "(", ")")];
    let bracket = brackets.iter().find(|it| rest.starts_with(it.0));
    if let Some((plain, opens, closes)) = bracket.filter(|it| !in_word || it.0 == "(") {
        let inner = rest.get(plain.len()..).unwrap_or_default();
        open.push((closes, apart(inner)));
        out.push_str(opens);
        return plain.len();
    }
    match next {
        ')' if open.len() > 1 => out.push_str(open.pop().map_or(")", |it| it.0)),
        other => out.push(other),
    }
    next.len_utf8()
}

/// Whether a product stands among the terms of `text`, up to the bracket that closes it.
fn apart(text: &str) -> bool {
    let mut depth = 0usize;
    for (at, it) in text.char_indices() {
        match it {
            '(' => depth = depth.saturating_add(1),
            ')' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            '*' if depth == 0 && text.get(..at).is_some_and(|it| it.ends_with(' ')) => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_hides_or_reorders_text_is_spelled_out() {
        let cases = [
            ("plain/näme", "plain/näme"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("evil\u{202e}gpj", "evil\\u{202e}gpj"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("c1\u{9b}0m", "c1\\u{9b}0m"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected, "{expected}");
        }
    }

    #[test]
    fn a_long_name_loses_its_middle_and_keeps_its_end() {
        let cases = [
            ("conv1", 8, "conv1"),
            ("/model.22/cv2.0/cv2.0.0/conv/Conv", 16, "/mo….0/conv/Conv"),
            ("层层层层层层", 7, "…层层层"),
            ("abc", 1, "…"),
        ];
        for (text, room, expected) in cases {
            assert_eq!(elided(text, room), expected, "{text}");
            assert!(width(&elided(text, room)) <= room, "{text}");
        }
    }

    #[test]
    fn a_long_name_loses_what_it_says_twice_first() {
        let cases = [
            (
                "/layer1/layer1.0/conv1/Conv",
                27,
                "/layer1/layer1.0/conv1/Conv",
            ),
            ("/layer1/layer1.0/conv1/Conv", 20, "…layer1.0/conv1/Conv"),
            (
                "/features/features.2/conv/conv.0/conv.0.0/Conv",
                28,
                "…features.2/…conv.0.0/Conv",
            ),
            (
                "/features/features.2/conv/conv.0/conv.0.0/Conv",
                16,
                "…fe…onv.0.0/Conv",
            ),
            ("/enc/0/conv/Conv", 10, "/e…nv/Conv"),
        ];
        for (name, room, expected) in cases {
            assert_eq!(short_name(name, room), expected, "{name} in {room}");
        }
    }

    #[test]
    fn a_float_prints_as_a_ratio() {
        assert_eq!(float_ratio(3025.0), "3,025");
    }

    #[test]
    fn formulas_are_written_as_in_a_book() {
        let cases = [
            ("34944 * output positions", "34,944 × output positions"),
            ("floor((height - 11) / 4) + 1", "⌊(height−11)/4⌋+1"),
            (
                "448 * (floor((h2000 - 1) / 2) + 1)",
                "448 × (⌊(h2000−1)/2⌋+1)",
            ),
            ("Relu_floor(x)", "Relu_floor(x)"),
            ("a - 11", "a−11"),
            (
                "96 * a * (3 * b + 1) - 5 * floor((a - 1) / 2)",
                "96 × a × (3 × b + 1) − 5 × ⌊(a−1)/2⌋",
            ),
            ("(3 * a + b) / 7)", "(3 × a + b)/7)"),
        ];
        for (plain, expected) in cases {
            assert_eq!(formula(plain), expected, "{plain}");
        }
    }

    #[test]
    fn lines_break_between_items_only() {
        let items = ["weight 60,954,656", "bias 10,568", "conv 3.8 %"].map(str::to_owned);
        assert_eq!(
            flowed(&items, 31),
            ["weight 60,954,656   bias 10,568", "conv 3.8 %"]
        );
        assert_eq!(wrapped("a bb ccc", 4), ["a bb", "ccc"]);
    }
}
