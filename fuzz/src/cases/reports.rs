//! What was written, read back by the readers of its format.

use cnninspect::check::Report;
use cnninspect::render::{CHECK_FORMATS, View};

/// A message holds no line's end and nothing that a terminal obeys, once it is printable.
pub(super) fn plain(message: &str) {
    assert!(
        message.len() < 1 << 20,
        "a message of {} bytes",
        message.len()
    );
    let shown = cnninspect::render::printable(message);
    assert!(shown.chars().all(|it| !it.is_control()), "{shown:?}");
}

/// Reads an inspection's document.
pub(super) fn read(format: &str, bytes: &[u8], color: bool) {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    match format {
        "json" => {
            let _: serde_json::Value = serde_json::from_str(text).expect("JSON");
        }
        "csv" => csv(text),
        _ => quiet(text, color),
    }
}

/// Writes and reads what a check found.
pub(super) fn check(report: &Report) {
    for format in CHECK_FORMATS {
        let mut out = Vec::new();
        format.write(report, &View::default(), &mut out).unwrap();
        let text = String::from_utf8(out).expect("UTF-8");
        match format.name {
            "json" | "sarif" => {
                let _: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            }
            "junit" => {
                quick_junit::Report::deserialize_from_str(&text).expect("JUnit");
            }
            "github" => {
                // The last line is the verdict.
                let (annotations, _) = text.trim_end().rsplit_once('\n').unwrap_or_default();
                let command = |line: &str| line.starts_with("::");
                assert!(annotations.lines().all(command), "no annotation:\n{text}");
            }
            _ => quiet(&text, false),
        }
    }
}

/// Nothing in it moves the cursor, or reorders or hides what stands there.
pub(super) fn quiet(text: &str, color: bool) {
    let fine = |it: char| match it {
        '\n' => true,
        '\u{1b}' => color,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        it => !it.is_control(),
    };
    let bad = text.chars().find(|it| !fine(*it));
    assert_eq!(bad, None, "in\n{text:?}");
}

/// Every record has as many fields as the header has.
///
/// Source: RFC 4180, section 2
fn csv(text: &str) {
    let mut fields = 1;
    let mut expected = None;
    let mut quoted = false;
    let mut last = None;
    for it in text.chars() {
        match it {
            '"' => quoted = !quoted,
            ',' if !quoted => fields += 1,
            '\n' if !quoted => {
                assert_eq!(last, Some('\r'), "a line ends in CR LF");
                assert_eq!(*expected.get_or_insert(fields), fields, "in\n{text}");
                fields = 1;
            }
            _ => {}
        }
        last = Some(it);
    }
    assert!(!quoted && fields == 1, "the last record is cut:\n{text}");
}
