//! `layer1.{0,1}.conv{1..2}`: one line for several names.

/// One line stands for no more names than this.
pub(super) const MOST_NAMES: usize = 100_000;

/// Every name that a pattern stands for, the last brace fastest.
///
/// # Errors
/// What is wrong with a brace.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, String> {
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        // Two are one that stands for itself.
        if let Some(after) = after.strip_prefix('{') {
            for name in &mut names {
                name.push_str(before);
                name.push('{');
            }
            rest = after;
            continue;
        }
        let (inside, after) = after
            .split_once('}')
            .ok_or_else(|| format!("{pattern:?} has a brace that is not closed"))?;
        let choices = choices(inside).ok_or_else(|| {
            format!("{pattern:?}: {{{inside}}} is neither a list nor a range of numbers")
        })?;
        if names.len().saturating_mul(choices.len()) > MOST_NAMES {
            return Err(format!(
                "{pattern:?} stands for more than {MOST_NAMES} names"
            ));
        }
        let longer = names.iter().flat_map(|name| {
            choices
                .iter()
                .map(move |choice| format!("{name}{before}{choice}"))
        });
        names = longer.collect();
        rest = after;
    }
    Ok(names.into_iter().map(|it| it + rest).collect())
}

fn choices(inside: &str) -> Option<Vec<String>> {
    if let Some((first, last)) = inside.split_once("..") {
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse::<u64>().ok()?);
        let most = u64::try_from(MOST_NAMES).ok()?;
        let few = last.checked_sub(first).is_some_and(|it| it < most);
        return few.then(|| (first..=last).map(|it| it.to_string()).collect());
    }
    let list: Vec<String> = inside.split(',').map(|it| it.trim().to_owned()).collect();
    (!list.contains(&String::new())).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_expand_in_order() {
        let cases: &[(&str, &[&str])] = &[
            ("conv1", &["conv1"]),
            ("conv{3,4}", &["conv3", "conv4"]),
            ("a{{b}{1,2}", &["a{b}1", "a{b}2"]),
            ("c{1..3}.x", &["c1.x", "c2.x", "c3.x"]),
            ("l{0,1}.c{1,2}", &["l0.c1", "l0.c2", "l1.c1", "l1.c2"]),
        ];
        for (pattern, expected) in cases {
            assert_eq!(expand(pattern).unwrap(), *expected, "{pattern}");
        }
        for pattern in ["a{", "a{1..", "a{}", "a{3..1}", "a{0..99999999}"] {
            assert!(expand(pattern).is_err(), "{pattern}");
        }
    }
}
