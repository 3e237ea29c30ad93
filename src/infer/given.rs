//! Sizes as people write them: `images=1x3x640x640`.

/// Reads the sizes of an input, `[NAME=]1x3x224x224`; `,` and `×` part them as well.
///
/// # Errors
/// What is wrong with it.
pub fn read_input(text: &str) -> Result<(Option<String>, Vec<u64>), String> {
    let (name, sizes) = match text.rsplit_once('=') {
        Some(("", _)) => return Err("the name before \"=\" is empty".to_owned()),
        Some((name, sizes)) => (Some(name.to_owned()), sizes),
        None => (None, text),
    };
    Ok((name, read_sizes(sizes)?))
}

/// Reads sizes, `1x3x224x224`.
///
/// # Errors
/// What is wrong with them.
pub fn read_sizes(text: &str) -> Result<Vec<u64>, String> {
    text.split(['x', 'X', '×', ',']).map(read_size).collect()
}

/// Reads one size, a whole number from 1.
///
/// # Errors
/// What is wrong with it.
pub fn read_size(text: &str) -> Result<u64, String> {
    let number = text.trim().parse::<u64>().ok().filter(|it| *it > 0);
    number.ok_or_else(|| format!("{text:?} is not a size, which is a whole number from 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_every_spelling() {
        let expected = |name: Option<&str>| Ok((name.map(str::to_owned), vec![1, 3, 224, 224]));
        let cases = [
            ("1x3x224x224", expected(None)),
            ("images=1x3x224x224", expected(Some("images"))),
            ("1,3,224,224", expected(None)),
            ("1×3×224×224", expected(None)),
            ("a=b=1X3X224X224", expected(Some("a=b"))),
            (
                "1x3x0x224",
                Err("\"0\" is not a size, which is a whole number from 1".to_owned()),
            ),
            (
                "1x3x",
                Err("\"\" is not a size, which is a whole number from 1".to_owned()),
            ),
            ("=1x3", Err("the name before \"=\" is empty".to_owned())),
        ];
        for (text, expected) in cases {
            assert_eq!(read_input(text), expected, "{text}");
        }
    }
}
