//! Formulas of open sizes in cells: whole where they fit, else with short names for the sizes, told under
//! the table: `h1 = ⌊(height−11)/4⌋+1`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cell::{sample, size};
use super::column::Column;
use super::paint::Ink;
use super::rows::common;
use super::summary::Block;
use super::text::{formula, printable, several, width};
use crate::account::Layer;
use crate::tensor::{Dim, Expr, Form, Shape};

/// A size that is longer than this has a name.
const LONGEST_SIZE: usize = 8;
/// What is longer than this stands with names.
const LONGEST_SHAPE: usize = 44;
const LONGEST_COUNT: usize = 52;
const LONGEST_FACTOR: usize = 20;
/// With names a count that is longer than this stands under the table.
const LONGEST_NAMED: usize = 40;
/// A sum of all layers that is longer than this is left to the JSON document.
const LONGEST_SUM: usize = 400;
/// Stands for a count that is told under the table.
pub(super) const BELOW: &str = "below";

/// The names of a table's open sizes.
#[derive(Debug, Default)]
pub(super) struct Names {
    places: BTreeMap<Expr, usize>,
    /// Each name with what it stands for, in the order of the rows.
    sizes: Vec<(String, Expr)>,
}

/// What the cells of a table leave to be told under it.
#[derive(Debug, Default)]
pub(super) struct Told {
    names: BTreeSet<usize>,
    counts: Vec<Long>,
    places: HashMap<(&'static str, String), usize>,
}

/// A count too long for a cell, and the layers that have it.
#[derive(Debug)]
struct Long {
    what: &'static str,
    text: String,
    layers: Vec<String>,
}

impl Names {
    /// Names for the sizes of `layers` that are long.
    pub(super) fn of<'a>(layers: impl Iterator<Item = &'a Layer> + Clone) -> Self {
        let shapes = layers.flat_map(|it| {
            let common = common(it);
            [common.input_shape, common.output_shape]
        });
        let dims = shapes.flatten().flat_map(|it| &it.0);
        let open = dims.filter_map(|it| match it {
            Dim::Symbolic(expr) => Some(expr),
            _ => None,
        });
        let taken: BTreeSet<&str> = open.clone().flat_map(Expr::names).collect();
        let mut names = Self::default();
        let mut numbers: BTreeMap<char, usize> = BTreeMap::new();
        for expr in open {
            let long = || width(&formula(&expr.to_string())) > LONGEST_SIZE;
            if names.places.contains_key(expr) || !long() {
                continue;
            }
            let letter = letter(expr);
            let number = numbers.entry(letter).or_default();
            let name = loop {
                *number = number.saturating_add(1);
                let name = format!("{letter}{number}");
                if !taken.contains(name.as_str()) {
                    break name;
                }
            };
            names.places.insert(expr.clone(), names.sizes.len());
            names.sizes.push((name, expr.clone()));
        }
        names
    }

    /// A cell whose value is a formula: whole or `short`, with what it leaves to be told. `None` of a cell
    /// that is none.
    pub(super) fn cell(
        &self,
        column: &Column,
        layer: &Layer,
        short: bool,
        told: &mut Told,
    ) -> Option<String> {
        let common = common(layer);
        match column.name {
            "input" => Some(self.shape(sample(common.input_shape?), short, told)),
            "output" => Some(self.shape(sample(common.output_shape?), short, told)),
            "weight_shape" => Some(self.shape(&weight_shape(layer)?.0, short, told)),
            _ => {
                let form = formulas(layer)?.get(column.json?)?;
                if column.name == "factor" && form.has_words() {
                    return None;
                }
                Some(self.count(form, (column.name, common.name), short, told))
            }
        }
    }

    fn shape(&self, dims: &[Dim], short: bool, told: &mut Told) -> String {
        let whole = dims.iter().map(size).collect::<Vec<_>>().join("×");
        if !short && width(&whole) <= LONGEST_SHAPE {
            return whole;
        }
        let named = dims.iter().map(|dim| match dim {
            Dim::Symbolic(expr) => self.name(expr, &mut told.names),
            _ => None,
        });
        let named = named
            .zip(dims)
            .map(|(name, dim)| name.unwrap_or_else(|| size(dim)));
        named.collect::<Vec<_>>().join("×")
    }

    fn name(&self, expr: &Expr, used: &mut BTreeSet<usize>) -> Option<String> {
        let place = self.places.get(expr)?;
        used.insert(*place);
        Some(self.sizes.get(*place)?.0.clone())
    }

    fn count(
        &self,
        form: &Form,
        (what, layer): (&'static str, &str),
        short: bool,
        told: &mut Told,
    ) -> String {
        let whole = book(&form.to_string());
        let longest = match what {
            "factor" => LONGEST_FACTOR,
            _ => LONGEST_COUNT,
        };
        if !short && width(&whole) <= longest {
            return whole;
        }
        let text = self.named(form, told);
        if width(&text) <= LONGEST_NAMED {
            return text;
        }
        let counts = &mut told.counts;
        let place = *told
            .places
            .entry((what, text.clone()))
            .or_insert(counts.len());
        match counts.get_mut(place) {
            Some(same) => same.layers.push(layer.to_owned()),
            None => counts.push(Long {
                what,
                text,
                layers: vec![layer.to_owned()],
            }),
        }
        BELOW.to_owned()
    }

    /// A formula with the names of its sizes.
    fn named(&self, form: &Form, told: &mut Told) -> String {
        let used = RefCell::new(&mut told.names);
        book(&form.with_names(&|expr| self.name(expr, &mut used.borrow_mut())))
    }

    /// A sum over all layers.
    pub(super) fn sum(&self, form: &Form, told: &mut Told) -> String {
        let mut trial = Told::default();
        let text = self.named(form, &mut trial);
        if width(&text) > LONGEST_SUM {
            return "a long sum (totals.formulas in the JSON document)".to_owned();
        }
        told.names.extend(trial.names);
        text
    }

    /// What the cells left to be told: the names and what they stand for, and each long count with its layers.
    pub(super) fn told(&self, told: &Told) -> Vec<Block> {
        let names = told.names.iter().filter_map(|it| self.sizes.get(*it));
        let names = names.map(|(name, expr)| format!("{name} = {}", book(&expr.to_string())));
        let counts = told.counts.iter().map(|it| {
            let layers = several(&it.layers, 2);
            format!("{} of {layers} = {}", it.what, it.text)
        });
        let mut blocks = vec![names.collect()];
        blocks.extend(counts.map(|it| vec![it]));
        blocks.retain(|it: &Vec<String>| !it.is_empty());
        let labelled = blocks.into_iter().enumerate();
        let block =
            |(at, items)| Block::new(if at == 0 { "formulas" } else { "" }, Ink::Dim, items);
        labelled.map(block).collect()
    }
}

/// The first letter of the one name in a formula: `h` for `height`.
fn letter(expr: &Expr) -> char {
    let names = expr.names();
    let first = names.first().and_then(|it| it.chars().next());
    let first = first.map(|it| it.to_ascii_lowercase());
    let alone = names.windows(2).all(|it| it.first() == it.last());
    let letter = first.filter(|it| alone && it.is_ascii_lowercase());
    letter.unwrap_or('s')
}

fn book(plain: &str) -> String {
    printable(&formula(plain))
}

fn weight_shape(layer: &Layer) -> Option<&Shape> {
    match layer {
        Layer::Conv(row) => row.weight_shape.as_ref(),
        _ => None,
    }
}

fn formulas(layer: &Layer) -> Option<&BTreeMap<&'static str, Form>> {
    match layer {
        Layer::Conv(row) => Some(&row.formulas),
        Layer::Pool(row) => Some(&row.formulas),
        Layer::Linear(row) | Layer::Recurrent(row) => Some(&row.formulas),
        Layer::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::open;
    use super::super::{View, find_column};
    use super::*;

    fn floor(name: &str, by: i64) -> Expr {
        let size = Expr::name(name).sub(&Expr::number(11)).unwrap();
        size.floor_div(by).unwrap()
    }

    #[test]
    fn a_size_is_named_by_its_dimension() {
        let cases = [
            (floor("height", 4), 'h'),
            (floor("W", 4), 'w'),
            (floor("_0", 4), 's'),
        ];
        for (expr, expected) in cases {
            assert_eq!(letter(&expr), expected, "{expr}");
        }
        let area = floor("height", 4).mul(&floor("width", 4)).unwrap();
        assert_eq!(letter(&area), 's');
    }

    #[test]
    fn names_of_the_file_are_not_taken_again() {
        let mut inspection = open();
        if let Some(Layer::Conv(row)) = inspection.layers.first_mut() {
            let sizes = [floor("h1", 4), floor("h1", 8), Expr::name("h3")];
            row.input_shape = None;
            row.output_shape = Some(sizes.into_iter().map(Dim::Symbolic).collect());
        }
        let names = Names::of(inspection.layers.iter());
        let names: Vec<&str> = names.sizes.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(names, ["h2", "h4"]);
    }

    #[test]
    fn a_short_cell_has_names_and_the_names_are_told() {
        let inspection = open();
        let names = Names::of(inspection.layers.iter());
        let layer = inspection.layers.first().unwrap();
        let mut told = Told::default();
        let output = find_column("output").unwrap();
        let cell = names.cell(output, layer, true, &mut told);
        assert_eq!(cell.as_deref(), Some("96×h1×w1"));
        let lines = ["h1 = ⌊(height−11)/4⌋+1", "w1 = ⌊(width−11)/4⌋+1"];
        assert_eq!(names.told(&told)[0].items, lines);
        assert!(View::default().width >= LONGEST_COUNT + LONGEST_SHAPE);
    }

    #[test]
    fn a_count_too_long_for_a_cell_is_told_once_with_its_layers() {
        let mut sum = Form::number(1).unwrap();
        for name in [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta_of_them",
            "eta",
            "theta",
            "iota",
        ] {
            sum = Form::sum([sum, Form::size(Expr::name(name))]).unwrap();
        }
        let (names, mut told) = (Names::default(), Told::default());
        for layer in ["a", "b", "c"] {
            assert_eq!(names.count(&sum, ("macs", layer), false, &mut told), BELOW);
        }
        let text = "1+alpha+beta+gamma+delta+epsilon+zeta_of_them+eta+theta+iota";
        let line = format!("macs of a, b and 1 more = {text}");
        assert_eq!(names.told(&told)[0].items, [line]);
    }
}
