//! `cnninspect explain`: the story's numbers by hand, every printed formula computed anew, the page's edges.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cnninspect::account::Layer;
use cnninspect::explain::{Answer, Explanation, Kind, Question, Step};
use cnninspect::{Options, explain, inspect};
use support::{FLOAT, bytes, float_value, graph, model, node, tensor};

const ALEXNET: &str = "fixtures/alexnet-2012.onnx";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(arguments: &[&str], columns: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command.arg("explain").args(arguments).current_dir(root());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("COLUMNS", columns).output().unwrap()
}

fn printed(arguments: &[&str], columns: &str) -> String {
    let output = run(arguments, columns);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn all(path: &Path) -> Vec<Explanation> {
    let question = Question {
        layers: vec!["*".to_owned()],
        kind: None,
    };
    explain(path, &Options::default(), &question).unwrap_or_default()
}

fn step<'a>(it: &'a Explanation, id: &str) -> &'a Step {
    let found = it.steps.iter().find(|step| step.id == id);
    found.unwrap_or_else(|| panic!("{} has no step {id}", it.layer))
}

fn number(it: &Explanation, id: &str) -> u128 {
    match step(it, id).answer {
        Answer::Number(number) => number,
        ref other => panic!("{} {id}: {other:?}", it.layer),
    }
}

#[test]
fn the_story_s_convolutions_come_out_as_by_hand() {
    // Name, kernel · kernel · channels of a group, output side, filters, input channels and side:
    // (227 − 11) / 4 + 1 = 55; 27 + 4 − 5 + 1 = 27; 13 + 2 − 3 + 1 = 13.
    let cases: [(&str, u128, u128, u128, u128); 5] = [
        ("conv1", 11 * 11 * 3, 55, 96, 3 * 227 * 227),
        ("conv2", 5 * 5 * 48, 27, 256, 96 * 27 * 27),
        ("conv3", 3 * 3 * 256, 13, 384, 256 * 13 * 13),
        ("conv4", 3 * 3 * 192, 13, 384, 384 * 13 * 13),
        ("conv5", 3 * 3 * 192, 13, 256, 384 * 13 * 13),
    ];
    let explained = all(&root().join(ALEXNET));
    let convs: Vec<_> = explained
        .iter()
        .filter(|it| it.kind == Kind::Conv)
        .collect();
    assert_eq!(convs.len(), cases.len());
    for (it, (name, kernel, side, filters, inputs)) in convs.into_iter().zip(cases) {
        assert_eq!(it.layer, name);
        let neurons = side * side * filters;
        let expected = [
            ("kernel_elements", kernel),
            ("output_size", side),
            ("output_neurons", neurons),
            ("dense", (inputs + 1) * neurons),
            ("unshared", (kernel + 1) * neurons),
            ("shared", (kernel + 1) * filters),
            ("stored", (kernel + 1) * filters),
            ("macs", kernel * neurons),
        ];
        for (id, expected) in expected {
            assert_eq!(number(it, id), expected, "{name} {id}");
        }
    }
}

#[test]
fn the_story_s_pools_come_out_as_by_hand() {
    // (55 − 3) / 2 + 1 = 27, (27 − 3) / 2 + 1 = 13, (13 − 3) / 2 + 1 = 6.
    let cases: [(u128, u128, u128); 3] = [(96, 55, 27), (256, 27, 13), (256, 13, 6)];
    let explained = all(&root().join(ALEXNET));
    let pools: Vec<_> = explained
        .iter()
        .filter(|it| it.kind == Kind::Pool)
        .collect();
    assert_eq!(pools.len(), cases.len());
    for (it, (channels, before, after)) in pools.into_iter().zip(cases) {
        assert_eq!(number(it, "window_elements"), 9);
        assert_eq!(number(it, "output_size"), after);
        let (into, out) = (channels * before * before, channels * after * after);
        assert_eq!(number(it, "activations_in"), into);
        assert_eq!(number(it, "activations_out"), out);
        assert_eq!(number(it, "dropped"), into - out);
    }
}

/// Computes a printed formula: `+`, `-`, `*`, `/` inside `floor(…)` and `ceil(…)`, brackets.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

/// A whole number, or a quotient that is still to be rounded.
type Ratio = (i128, i128);

impl Reader<'_> {
    fn computed(text: &str) -> i128 {
        let text: String = text.chars().filter(|it| *it != ' ').collect();
        let mut reader = Reader {
            text: text.as_bytes(),
            at: 0,
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
            () => return (self.digits(), 1),
        };
        let inner = self.sum();
        assert!(self.eats(")"), "a bracket stays open");
        round(inner)
    }

    fn digits(&mut self) -> i128 {
        let from = self.at;
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
}

/// Every model under `folder`.
fn models(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            models(&path, out);
        } else if path
            .extension()
            .is_some_and(|it| it == "onnx" || it == "pt2")
        {
            out.push(path);
        }
    }
}

#[test]
fn every_number_is_the_account_s_and_every_formula_comes_to_it() {
    let mut paths = Vec::new();
    models(&root().join("fixtures"), &mut paths);
    let options = Options {
        verify: cnninspect::verify::Choice::None,
        ..Options::default()
    };
    let (mut formulas, mut bare) = (0, Vec::new());
    for path in &paths {
        let Ok(inspection) = inspect(path, &options) else {
            continue;
        };
        let rows = inspection.layers.iter();
        let rows: Vec<&Layer> = rows
            .filter(|it| matches!(it, Layer::Conv(_) | Layer::Pool(_)))
            .collect();
        let explained = all(path);
        assert_eq!(explained.len(), rows.len(), "{}", path.display());
        for (it, row) in explained.iter().zip(rows) {
            let case = format!("{} {}", path.display(), it.layer);
            compare(it, row, &case);
            for step in &it.steps {
                let Answer::Number(answer) = step.answer else {
                    continue;
                };
                let Some(formula) = &step.formula else {
                    bare.push(format!("{case} {}", step.id));
                    continue;
                };
                formulas += 1;
                let text = formula.plain();
                let computed = u128::try_from(Reader::computed(&text));
                assert_eq!(computed, Ok(answer), "{case} {}: {text}", step.id);
            }
        }
    }
    assert!(formulas > 5000, "{formulas}");
    // A number without a formula: a size that only a stated output_shape tells, a weight whose tensors are not there.
    let bare_share = bare.len() * 50;
    assert!(
        bare_share < formulas,
        "{} of {formulas}: {bare:#?}",
        bare.len()
    );
}

fn compare(it: &Explanation, row: &Layer, case: &str) {
    let expected: Vec<(&str, Option<u128>)> = match row {
        Layer::Conv(row) => vec![
            ("dense", row.params.dense.map(|it| it.0)),
            ("unshared", row.params.unshared.map(|it| it.0)),
            ("shared", row.params.shared.map(|it| it.0)),
            ("stored", row.params.stored.map(|it| it.0)),
            ("macs", row.macs.map(|it| it.0)),
        ],
        Layer::Pool(row) => vec![
            ("activations_in", row.activations_in),
            ("activations_out", row.activations_out),
        ],
        _ => unreachable!("no other layer is explained"),
    };
    for (id, expected) in expected {
        let got = match step(it, id).answer {
            Answer::Number(number) => Some(number),
            Answer::Form(_) | Answer::Unknown(_) => None,
        };
        assert_eq!(got, expected, "{case} {id}");
    }
}

#[test]
fn kinds_have_their_own_words() {
    // File, layer, and what its page must say.
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "fixtures/alexnet-2012.onnx",
            "conv2",
            &["2 groups: a filter sees 48 of 96 channels", "padding 2"],
        ),
        (
            "fixtures/onnx-node-tests/test_Conv2d_depthwise/model.onnx",
            "*",
            &["depthwise", "Channels are not mixed"],
        ),
        (
            "fixtures/onnx-node-tests/test_Conv1d_dilated/model.onnx",
            "*",
            &[
                "from first to last tap",
                "Dilation widens the window",
                "output length",
            ],
        ),
        (
            "fixtures/onnx-node-tests/test_Conv3d/model.onnx",
            "*",
            &["output depth", "output height", "output width"],
        ),
        (
            "fixtures/onnx-node-tests/test_basic_conv_without_padding/model.onnx",
            "*",
            &["The weight is an input of the model"],
        ),
        (
            "fixtures/crafted/conv_transpose.onnx",
            "plain",
            // (8 − 1) · 1 + 3 = 10
            &["(8 − 1) × 1 + 3 + 0 − 0", "spreads its values"],
        ),
        (
            "fixtures/crafted/auto_pad.onnx",
            "conv_SAME_UPPER_0",
            &["SAME_UPPER", "the odd one goes to the end"],
        ),
        (
            "fixtures/crafted/quantised.onnx",
            "*",
            &[
                "stand for (value − zero point) × scale",
                "whole numbers, less their zero point",
            ],
        ),
        (
            "fixtures/crafted/tied.onnx",
            "*",
            &["it is shared over layers as well as over places"],
        ),
        (
            "fixtures/safetensors/mlx.safetensors",
            "conv1",
            // 4 · (3 · 3 · 3 + 1) = 112
            &["112 × output positions", "--geometry"],
        ),
        (
            "fixtures/alexnet-2012.onnx",
            "pool5",
            // fc6 has 4,096 · 256 · 6 · 6 weights behind the pool, 4,096 · 256 · 13 · 13 without it.
            &[
                "would need 177,209,344 weights instead of 37,748,736",
                "up to 4 of them",
            ],
        ),
        (
            "fixtures/truth/unet.ts_dyn.onnx",
            "/d1/d1.0/Conv",
            &["448 × height × width"],
        ),
    ];
    for (path, layer, expected) in cases {
        let page = printed(&[path, layer], "100");
        let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for expected in *expected {
            assert!(
                words.contains(expected),
                "{path}: {expected} is not in\n{page}"
            );
        }
    }
}

#[test]
fn a_page_keeps_within_its_width_and_in_ascii() {
    let mut paths = Vec::new();
    models(&root().join("fixtures/crafted"), &mut paths);
    paths.extend(
        ["alexnet-2012-224.onnx", "truth/unet.ts_dyn.onnx"]
            .map(|it| root().join("fixtures").join(it)),
    );
    for path in &paths {
        let path = path.to_str().unwrap();
        for (columns, room) in [("80", 80), ("160", 160)] {
            let page = printed(&[path, "*"], columns);
            for line in page.lines() {
                assert!(line.chars().count() <= room, "{path} {columns}: {line}");
            }
        }
        if path.contains("alexnet") {
            let page = printed(&[path, "*", "--ascii"], "80");
            assert!(page.is_ascii(), "{page}");
            assert!(page.contains("floor("), "{page}");
        }
    }
}

#[test]
fn what_no_window_sees_is_said_and_drawn() {
    // (224 − 11) / 4 = 53 with 1 left over.
    let page = printed(&["fixtures/alexnet-2012-224.onnx", "conv1"], "100");
    assert!(
        page.contains("the floor drops 1/4: 1 row and 1 column that no window sees"),
        "{page}"
    );
    let seen = page.lines().find(|it| it.contains("seen by")).unwrap();
    assert!(seen.ends_with("10"), "{seen}");
    let page = printed(&[ALEXNET, "conv1", "--no-drawing"], "100");
    assert!(!page.contains("seen by"), "{page}");
}

#[test]
fn what_cannot_be_explained_is_an_error() {
    let cases: &[(&[&str], &str)] = &[
        (
            &[ALEXNET, "conv9"],
            "no convolution or pool is named \"conv9\"; close ones are \"conv1\"",
        ),
        (
            &[ALEXNET, "fc6"],
            "\"fc6\" is Gemm, not a convolution or pool",
        ),
        (
            &[ALEXNET, "pool1", "--kind", "conv"],
            "\"pool1\" is MaxPool, not a convolution",
        ),
        (&[ALEXNET, "-f", "csv"], "explain has no meaning in csv"),
        (
            &[
                "fixtures/onnx-node-tests/test_Conv2d/model.onnx",
                "--kind",
                "pool",
            ],
            "the model has no pool",
        ),
        (&["fixtures/malformed/empty.onnx"], "empty.onnx: "),
    ];
    for (arguments, expected) in cases {
        let output = run(arguments, "100");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn every_format_prints_as_it_did() {
    let folder = root().join("tests/golden");
    let bless = std::env::var_os("CNNINSPECT_BLESS").is_some();
    for format in ["table", "markdown", "json"] {
        let path = folder.join(format!("explain-conv1.{format}"));
        let now = printed(&[ALEXNET, "conv1", "-f", format], "100");
        if bless {
            fs::write(&path, &now).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), now, "{format}");
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let table = fs::read_to_string(folder.join("explain-conv1.table")).unwrap();
    assert!(readme.contains(&table), "README.md shows another page");
}

#[test]
fn json_has_the_steps_as_data() {
    let text = printed(&[ALEXNET, "conv1", "-f", "json"], "100");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let it = &document["explanations"][0];
    let size = it["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == "output_size")
        .unwrap();
    assert_eq!(size["formula"], "floor((227 + 0 - 11) / 4) + 1");
    assert_eq!(
        size["symbols"],
        "floor((input + padding - window) / stride) + 1"
    );
    assert_eq!(size["numbers"]["stride"], 4);
    assert_eq!(size["result"], 55);
    assert_eq!(it["picture"][0]["windows"], 55);
}

#[test]
fn open_sizes_are_explained_in_names_and_given_ones_in_numbers() {
    let conv = ["fixtures/truth/unet.ts_dyn.onnx", "/d1/d1.3/Conv"];
    let page = printed(&conv, "100");
    for line in [
        "  output height   ⌊(height + 2 × 1 − 3) / 1⌋ + 1  =               height",
        "  not drawn: the sizes along its height and width are open",
        // 16 · 9 · 16 = 2,304; of each axis all but two of three taps at each place lie inside.
        "  on padding            2,304 × height × width − 256 × (3 × height − 2) × (3 × width − 2)",
    ] {
        assert!(page.lines().any(|it| it == line), "{line}: {page}");
    }
    assert!(page.contains("2,320 × height × width"), "{page}");
    let given = ["--dim", "height=32", "--dim", "width=48"];
    let page = printed(&[&conv[..], &given].concat(), "100");
    // 2,304 · 32 · 48 = 3,538,944, less 256 · 94 · 142 = 3,417,088 that meet input.
    for number in ["3,538,944", "121,856", "⌊(32 + 2 × 1 − 3) / 1⌋ + 1"] {
        assert!(page.contains(number), "{number}: {page}");
    }
    assert!(!page.contains("not drawn") && page.contains('█'), "{page}");
    // 32 channels of which one window takes ⌊(height−3)/4⌋ + 1 rows and as many columns.
    let pool = ["fixtures/truth/siamese.ts_dyn.onnx", "/GlobalAveragePool"];
    let page = printed(&pool, "100");
    let window = "one window       (⌊(height−3)/4⌋+1) × (⌊(width−3)/4⌋+1) values of one channel";
    assert!(page.contains(window), "{page}");
    assert!(page.contains("mixes the values of each window"), "{page}");
}

#[test]
fn a_fused_convolution_is_explained_as_one() {
    let fused = all(&root().join("fixtures/cases/fused.onnx"));
    let conv = fused.iter().find(|it| it.op_type == "FusedConv").unwrap();
    // 8 filters of 3 · 3 · 3 and a bias at 16 · 16 places.
    assert_eq!(number(conv, "shared"), 8 * 28);
    assert_eq!(number(conv, "unshared"), 8 * 28 * 16 * 16);
    assert!(conv.title.starts_with("FusedConv 3×3"), "{}", conv.title);
}

/// A deformable convolution: 4 filters of 3 · 3 over 2 channels and 6×6 elements, so 4×4 places, each of
/// whose 9 taps has an offset along both axes.
fn deformed() -> Vec<u8> {
    let deform = node("deform", "DeformConv", &["x", "w", "o"], &["y"]);
    let mut graph = graph(vec![deform], &[], &["y"]);
    graph.input = vec![float_value("x", &[1, 2, 6, 6])];
    graph.initializer = vec![
        tensor("w", FLOAT, &[4, 2, 3, 3]),
        tensor("o", FLOAT, &[1, 18, 4, 4]),
    ];
    let mut model = model(graph, 19);
    model.ir_version = 9;
    bytes(&model)
}

/// Runs `explain` with a model on standard input.
fn piped(arguments: &[&str], model: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command.arg("explain").args(arguments).current_dir(root());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(model).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_deformable_convolution_says_that_its_taps_move() {
    let output = piped(&["-", "-f", "json"], &deformed());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let it = &document["explanations"][0];
    assert_eq!(it["op_type"], "DeformConv");
    let steps = it["steps"].as_array().unwrap();
    let result = |id: &str| {
        let step = steps.iter().find(|it| it["id"] == id);
        step.unwrap_or_else(|| panic!("no {id}: {it}"))["result"].as_u64()
    };
    // 4 · 18 = 72 weights without a bias; at 16 places 1,152.
    assert_eq!(result("shared"), Some(72));
    assert_eq!(result("unshared"), Some(72 * 16));
    assert_eq!(result("macs"), Some(72 * 16));
    let remarks = it["remarks"].as_array().unwrap();
    let moved = |it: &serde_json::Value| it["text"].as_str().unwrap().contains("offset");
    assert!(remarks.iter().any(moved), "{remarks:?}");
}

#[test]
fn a_model_comes_through_a_pipe_and_a_page_goes_into_a_file() {
    let model = fs::read(root().join(ALEXNET)).unwrap();
    let piped = piped(&["-", "conv1"], &model);
    let stderr = String::from_utf8_lossy(&piped.stderr);
    assert!(piped.status.success(), "{stderr}");
    let page = printed(&[ALEXNET, "conv1"], "100");
    assert_eq!(String::from_utf8_lossy(&piped.stdout), page);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.txt");
    let written = run(&[ALEXNET, "conv1", "-o", file.to_str().unwrap()], "100");
    assert_eq!((written.status.code(), written.stdout.len()), (Some(0), 0));
    assert_eq!(fs::read_to_string(file).unwrap(), page);
}
