//! A list of sizes as people write it: `224,256,320`, `height=width=224..320:32`.

use crate::infer::read_size;

/// A list has at most so many sizes; each takes an inference of its own.
pub const MOST_SIZES: usize = 256;

/// Sizes that one or several axes take together, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Dimensions that the file names, or inputs, whose spatial axes are meant. Without names it is the spatial
    /// axes of the only input that has such.
    pub names: Vec<String>,
    /// In the order in which they were given, each once.
    pub sizes: Vec<u64>,
}

impl Sweep {
    /// Reads `[NAME=[NAME=…]]SIZES`, sizes parted by commas; `224..320:32` is 224, 256, 288, 320.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut names: Vec<String> = text.split('=').map(str::to_owned).collect();
        let list = names.pop().unwrap_or_default();
        if let Some(name) = names.iter().find(|it| it.is_empty() || it.contains(',')) {
            return Err(match name.as_str() {
                "" => "the name before \"=\" is empty".to_owned(),
                name => format!(
                    "{name:?} is no name; axes are tied by \"=\", as in height=width=224,256"
                ),
            });
        }
        let mut sizes = Vec::new();
        for item in list.split(',') {
            for size in read_item(item)? {
                if !sizes.contains(&size) {
                    sizes.push(size);
                }
                if sizes.len() > MOST_SIZES {
                    return Err(format!("these are more than {MOST_SIZES} sizes"));
                }
            }
        }
        Ok(Self { names, sizes })
    }
}

/// One size, or `FIRST..LAST:STEP` with both ends, of which one more than may be is enough.
fn read_item(text: &str) -> Result<Vec<u64>, String> {
    let Some((first, rest)) = text.split_once("..") else {
        return Ok(vec![read_size(text)?]);
    };
    let (last, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let (first, last) = (read_size(first)?, read_size(last)?);
    let step = usize::try_from(read_size(step)?).unwrap_or(usize::MAX);
    if last < first {
        return Err(format!("{text:?} ends before it begins"));
    }
    let sizes = (first..=last).step_by(step);
    Ok(sizes.take(MOST_SIZES.saturating_add(1)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_every_spelling() {
        let cases: [(&str, &[&str], &[u64]); 6] = [
            ("224", &[], &[224]),
            ("224,256,320", &[], &[224, 256, 320]),
            ("height=width=224, 256", &["height", "width"], &[224, 256]),
            ("224..320:32", &[], &[224, 256, 288, 320]),
            ("7..9,8,20..30:9", &[], &[7, 8, 9, 20, 29]),
            ("320,224,320", &[], &[320, 224]),
        ];
        for (text, names, sizes) in cases {
            let read = Sweep::read(text).unwrap();
            assert_eq!(
                (read.names, read.sizes),
                (
                    names.iter().map(|it| (*it).to_owned()).collect(),
                    sizes.to_vec()
                ),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_list_says_why() {
        let cases = [
            ("", "\"\" is not a size, which is a whole number from 1"),
            ("224,", "\"\" is not a size, which is a whole number from 1"),
            (
                "0..3",
                "\"0\" is not a size, which is a whole number from 1",
            ),
            (
                "224x224",
                "\"224x224\" is not a size, which is a whole number from 1",
            ),
            (
                "1..5:0",
                "\"0\" is not a size, which is a whole number from 1",
            ),
            ("=224", "the name before \"=\" is empty"),
            ("height==224", "the name before \"=\" is empty"),
            (
                "height,width=224",
                "\"height,width\" is no name; axes are tied by \"=\", as in height=width=224,256",
            ),
            ("320..224:32", "\"320..224:32\" ends before it begins"),
            ("1..257", "these are more than 256 sizes"),
            ("1..18446744073709551615", "these are more than 256 sizes"),
        ];
        for (text, expected) in cases {
            assert_eq!(Sweep::read(text).unwrap_err(), expected, "{text}");
        }
        assert_eq!(Sweep::read("1..256").unwrap().sizes.len(), MOST_SIZES);
    }
}
