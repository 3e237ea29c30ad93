//! Two versions as people and programs see them.

use crate::Inspection;
use crate::account::Layer;
use crate::compare::layers::compare;
use crate::render::sample::{alexnet, conv, pool};
use crate::render::{COMPARE_FORMATS, Comparing};

fn net(layers: Vec<Layer>) -> Inspection {
    Inspection {
        layers,
        ..alexnet()
    }
}

fn rendered(
    before: &Inspection,
    after: &Inspection,
    format: &str,
    width: usize,
    color: bool,
) -> String {
    let format = COMPARE_FORMATS.iter().find(|it| it.name == format).unwrap();
    let layers = compare(before, after);
    let mut out = Vec::new();
    let view = Comparing::default();
    format
        .write_layers(&layers, None, &view, width, color, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// A layer under another name; its weight and its module have that name too.
fn called(mut layer: Layer, name: &str) -> Layer {
    if let Layer::Conv(row) = &mut layer {
        name.clone_into(&mut row.name);
        row.weight = Some(format!("{name}.weight"));
    }
    layer
}

#[test]
fn what_became_of_a_layer_is_said_in_its_row() {
    let stem = || conv("stem", (3, 32), (8, 32), [3, 1, 1, 1]);
    let before = net(vec![
        stem(),
        conv("a", (8, 32), (64, 32), [5, 1, 2, 1]),
        pool("p", 64, 32, 16),
        conv("gone", (64, 16), (64, 16), [7, 1, 3, 1]),
        conv("old", (64, 16), (32, 16), [1, 1, 0, 1]),
        conv("head", (32, 16), (10, 16), [3, 1, 1, 1]),
    ]);
    let after = net(vec![
        stem(),
        conv("a", (8, 32), (96, 32), [3, 1, 1, 1]),
        pool("p", 96, 32, 16),
        called(conv("new", (64, 16), (32, 16), [1, 1, 0, 1]), "new"),
        conv("head", (32, 16), (10, 16), [3, 1, 1, 1]),
        conv("extra", (10, 16), (20, 8), [3, 2, 1, 2]),
    ]);
    let text = rendered(&before, &after, "table", 80, false);
    // Filters of a: 64 of 8 · 25 + 1 weights, then 96 of 8 · 9 + 1; (7,008 − 12,864) / 12,864 = −0.4552.
    let expected = [
        " stem is the same\n",
        " changed  a             kernel 5×5 → 3×3   pads 2 → 1   filters 64 → 96\n",
        "output 64×32×32 → 96×32×32   params −45.5 %",
        " removed  gone          Conv 7×7   64 filters   output 64×16×16   params 200,768\n",
        " 2 layers are the same: new, head; 1 renamed\n",
        // 20 filters of 5 channels of 9 and a bias.
        " added    extra         Conv 3×3 /2 g2   20 filters   output 20×8×8   params 920\n",
    ];
    for line in expected {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    let head = "2 changed, 1 added, 1 removed, 3 the same (1 renamed)";
    assert!(text.contains(head), "{text}");
    let text = rendered(&before, &after, "markdown", 80, false);
    assert!(text.contains("params 12,864 → 7,008 (−45.5 %)"), "{text}");
}

#[test]
fn a_layer_that_moved_says_where_it_stood() {
    let layer = |name, kernel| conv(name, (8, 16), (8, 16), [kernel, 1, kernel / 2, 1]);
    let before = net(vec![
        layer("a", 1),
        layer("b", 3),
        layer("c", 5),
        layer("d", 7),
    ]);
    let after = net(vec![
        layer("b", 3),
        layer("c", 5),
        layer("d", 7),
        layer("a", 1),
    ]);
    let text = rendered(&before, &after, "table", 80, false);
    assert!(
        text.contains(" moved    a             stood first\n"),
        "{text}"
    );
    assert!(
        text.contains("1 moved, 3 the same; params the same"),
        "{text}"
    );
    let text = rendered(&after, &before, "table", 80, false);
    assert!(
        text.contains(" moved    a             stood after d\n"),
        "{text}"
    );
}

#[test]
fn what_rounding_would_hide_is_said_exactly() {
    // 4,096 filters of 512 · 9 + 1, and one more: 1 / 4,096 is 0.02 %.
    let one = |filters| net(vec![conv("a", (512, 8), (filters, 8), [3, 1, 1, 1])]);
    let text = rendered(&one(4096), &one(4097), "table", 80, false);
    assert!(text.contains("params +4,609"), "{text}");
}

#[test]
fn no_format_lets_a_name_write_to_the_terminal() {
    let name = "\u{1b}[2J\u{202e}conv\n|`<b>";
    let layer = |name: &str, filters| called(conv("a", (8, 16), (filters, 16), [3, 1, 1, 1]), name);
    let before = net(vec![
        layer("a", 8),
        layer(name, 16),
        layer("b", 16),
        layer(name, 9),
    ]);
    let mut after = net(vec![
        layer(name, 8),
        layer("c", 16),
        layer(name, 17),
        layer("z", 7),
    ]);
    after.inputs = before.inputs.clone();
    for input in &mut after.inputs {
        name.clone_into(&mut input.name);
    }
    (name.to_owned()).clone_into(&mut after.path);
    for format in COMPARE_FORMATS.iter().filter(|it| it.name != "csv") {
        let text = rendered(&before, &after, format.name, 80, false);
        assert!(!text.contains('\u{1b}'), "{}: {text}", format.name);
        if format.name != "json" {
            assert!(!text.contains('\u{202e}'), "{}: {text}", format.name);
            assert!(text.contains("u{202e}"), "{}: {text}", format.name);
        }
        if format.name == "markdown" {
            assert!(!text.contains("<b>") && !text.contains("\n|`"), "{text}");
        }
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let (one, other) = (
        alexnet(),
        net(vec![conv("a", (8, 16), (8, 16), [3, 1, 1, 1])]),
    );
    let plain = rendered(&one, &other, "table", 80, false);
    let coloured = rendered(&one, &other, "table", 80, true);
    assert!(coloured.contains('\u{1b}') && !plain.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}
