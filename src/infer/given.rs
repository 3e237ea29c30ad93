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
    let sizes: Result<Vec<u64>, String> =
        sizes.split(['x', 'X', '×', ',']).map(read_size).collect();
    Ok((name, sizes?))
}

/// Reads one size, a whole number from 1.
///
/// # Errors
/// What is wrong with it.
pub fn read_size(text: &str) -> Result<u64, String> {
    let number = text.trim().parse::<u64>().ok().filter(|it| *it > 0);
    number.ok_or_else(|| format!("{text:?} is not a size, which is a whole number from 1"))
}
