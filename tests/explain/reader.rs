//! Printed formulas, computed anew.

/// Computes a printed formula: `+`, `-`, `*`, `/` inside `floor(…)` and `ceil(…)`, brackets.
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    named: &'a dyn Fn(&str) -> i128,
}

/// A whole number, or a quotient that is still to be rounded.
type Ratio = (i128, i128);

impl Reader<'_> {
    /// A formula of numbers alone.
    pub(crate) fn computed(text: &str) -> i128 {
        Self::with(text, &|name| panic!("{text} has a name: {name}"))
    }

    /// A formula with names, whose values `named` tells.
    pub(crate) fn with(text: &str, named: &dyn Fn(&str) -> i128) -> i128 {
        let text: String = text.chars().filter(|it| *it != ' ').collect();
        let mut reader = Reader {
            text: text.as_bytes(),
            at: 0,
            named,
        };
        let (above, below) = reader.sum();
        assert_eq!(reader.at, text.len(), "{text} goes on");
        assert_eq!(above % below, 0, "{text} is not whole");
        above / below
    }

    fn eats(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word.as_bytes());
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn sum(&mut self) -> Ratio {
        let negative = self.eats("-");
        let (mut above, mut below) = self.product();
        above = if negative { -above } else { above };
        loop {
            let sign = match () {
                () if self.eats("+") => 1,
                () if self.eats("-") => -1,
                () => return (above, below),
            };
            let (a, b) = self.product();
            (above, below) = (above * b + sign * a * below, below * b);
        }
    }

    fn product(&mut self) -> Ratio {
        let (mut above, mut below) = self.factor();
        loop {
            if self.eats("*") {
                let (a, b) = self.factor();
                (above, below) = (above * a, below * b);
            } else if self.eats("/") {
                let (a, b) = self.factor();
                (above, below) = (above * b, below * a);
            } else {
                return (above, below);
            }
        }
    }

    fn factor(&mut self) -> Ratio {
        let round: fn(Ratio) -> Ratio = match () {
            () if self.eats("floor(") => |(a, b)| (a.div_euclid(b), 1),
            () if self.eats("ceil(") => |(a, b)| (-(-a).div_euclid(b), 1),
            () if self.eats("(") => |it| it,
            () => return (self.leaf(), 1),
        };
        let inner = self.sum();
        assert!(self.eats(")"), "a bracket stays open");
        round(inner)
    }

    fn leaf(&mut self) -> i128 {
        let from = self.at;
        let word = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_';
        let named = self
            .text
            .get(from)
            .is_some_and(|it| word(it) && !it.is_ascii_digit());
        if named {
            self.at += self.text[from..].iter().take_while(|it| word(it)).count();
            return (self.named)(std::str::from_utf8(&self.text[from..self.at]).unwrap());
        }
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.text[from..self.at]).unwrap();
        digits.parse().unwrap_or_else(|_| {
            let all = std::str::from_utf8(self.text).unwrap();
            panic!("{all} has no number at {from}")
        })
    }
}

#[test]
fn the_reader_of_formulas_computes_what_is_written() {
    let cases = [
        ("floor((224 + 0 - 11) / 4) + 1", 54),
        ("ceil(7 / 2)", 4),
        ("(363 + 1) * 96", 34_944),
        ("100 - 2 * 3 * (4 - 1)", 82),
        ("floor((3 - 5) / 2) + 1", 0),
    ];
    for (text, expected) in cases {
        assert_eq!(Reader::computed(text), expected, "{text}");
    }
    let named = |name: &str| i128::try_from(name.len()).unwrap();
    assert_eq!(
        Reader::with("floor((abc + 2 * d_1) / 2) * floors", &named),
        24
    );
}
