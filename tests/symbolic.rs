//! Open sizes as formulas: the printed text, worked out by an evaluator that shares no code with the crate,
//! must give the numbers of a run with those sizes, and at the size of a file's static twin those that ONNX
//! Runtime ran. Walks `fixtures/truth`, and every exported network beside the checkout where there are any.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cnninspect::infer::Sizes;
use cnninspect::render::{OutputFormat, View, find_column};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect, inspect_model, read};
use onnx_protobuf::{AttributeProto, GraphProto, NodeProto};
use serde_json::{Value as Json, json};
use support::{FLOAT, Size, bytes, graph, int, ints, model, node, string, tensor, value, with};

type Dims = BTreeMap<String, u64>;
type Row = BTreeMap<String, Json>;

/// Works out `+ - * / floor( max( , ) NAME NUMBER`; `None` for words that are no formula.
struct Evaluator<'a> {
    rest: &'a str,
    dims: &'a Dims,
}

impl Evaluator<'_> {
    fn of(text: &str, dims: &Dims) -> Option<i128> {
        let mut it = Evaluator { rest: text, dims };
        let value = it.sum()?;
        it.rest.trim().is_empty().then_some(value)
    }

    fn take(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn sum(&mut self) -> Option<i128> {
        let mut sum = if self.take("-") {
            -self.product()?
        } else {
            self.product()?
        };
        loop {
            if self.take("+") {
                sum += self.product()?;
            } else if self.take("-") {
                sum -= self.product()?;
            } else {
                return Some(sum);
            }
        }
    }

    fn product(&mut self) -> Option<i128> {
        let mut product = self.factor()?;
        while self.take("*") {
            product = product.checked_mul(self.factor()?)?;
        }
        Some(product)
    }

    fn factor(&mut self) -> Option<i128> {
        if self.take("floor(") {
            let above = self.product_or_sum("/")?;
            let below = self.factor()?;
            return self.take(")").then(|| above.div_euclid(below));
        }
        if self.take("max(") {
            let one = self.product_or_sum(",")?;
            let other = self.sum()?;
            return self.take(")").then(|| one.max(other));
        }
        if self.take("(") {
            let inner = self.sum()?;
            return self.take(")").then_some(inner);
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_');
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        let number = word.parse().ok();
        number.or_else(|| self.dims.get(word).map(|it| i128::from(*it)))
    }

    fn product_or_sum(&mut self, end: &str) -> Option<i128> {
        let value = self.sum()?;
        self.take(end).then_some(value)
    }
}

fn read(path: &Path) -> Json {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The rows of a model that have counts, as the JSON document has them, and its sums as one row more.
fn layers(model: &Path, dims: Dims) -> Vec<Json> {
    let options = Options {
        sizes: Sizes {
            dims,
            ..Sizes::default()
        },
        verify: Choice::None,
        ..Options::default()
    };
    let report = inspect(model, &options).unwrap_or_else(|it| panic!("{}: {it}", model.display()));
    let rows = report.layers.iter();
    let rows = rows.map(|it| serde_json::to_value(it).unwrap());
    let totals = serde_json::to_value(&report.totals).unwrap();
    let sums = [
        "conv.unshared",
        "conv.dense",
        "conv.macs",
        "linear.macs",
        "macs",
    ];
    let sums = sums.map(|path| {
        let value = path.split('.').fold(&totals, |it, key| &it[key]);
        (path.to_owned(), value.clone())
    });
    let sums = json!({
        "kind": "totals", "name": "totals", "formulas": totals["formulas"],
        "counts": sums.into_iter().collect::<serde_json::Map<_, _>>(),
    });
    rows.filter(|it| it["kind"] != "other")
        .chain([sums])
        .collect()
}

/// What a row says with its open sizes worked out; what has neither a number nor a formula is left out.
fn worked_out(row: &Json, dims: &Dims) -> Row {
    let number = |it: &Json| match it {
        Json::String(text) => Evaluator::of(text, dims).map(|it| json!(it)),
        other => other.is_number().then(|| other.clone()),
    };
    let mut out = BTreeMap::new();
    for shape in ["input_shape", "output_shape"] {
        let sizes = row[shape].as_array();
        let sizes: Option<Vec<Json>> = sizes.and_then(|it| it.iter().map(number).collect());
        out.extend(sizes.map(|it| (shape.to_owned(), json!(it))));
    }
    let mut counts: BTreeMap<&str, &Json> = BTreeMap::new();
    if let Some(params) = row["params"].as_object() {
        counts.extend(params.iter().map(|it| (it.0.as_str(), it.1)));
    }
    for count in ["macs", "padding_macs", "activations_in", "activations_out"] {
        counts.insert(count, &row[count]);
    }
    for counted in ["counts", "formulas"] {
        let counted = row[counted].as_object().into_iter().flatten();
        counts.extend(counted.map(|it| (it.0.as_str(), it.1)));
    }
    let axes = ["kernel_shape[0]", "kernel_shape[1]", "kernel_shape[2]"];
    if let Some(kernel) = row["kernel_shape"]
        .as_array()
        .filter(|_| row["global"] == true)
    {
        counts.extend(axes.into_iter().zip(kernel));
    }
    // As a number the factor is rounded, as a formula it is not.
    counts.remove("sharing_factor");
    for (name, count) in counts {
        out.extend(number(count).map(|it| (name.to_owned(), it)));
    }
    out
}

/// The input sizes that `truth` was run with, by the names that `open` gives them, and whether each
/// name had one size.
fn run_with(open: &Json, truth: &Json) -> (Dims, bool) {
    let (mut dims, mut one_each) = (Dims::new(), true);
    for (name, declared) in open["graph_inputs"].as_object().unwrap() {
        let sizes = truth["inputs"][name]["shape"].as_array();
        let sizes = sizes.into_iter().flatten();
        for (dim, size) in declared.as_array().unwrap().iter().zip(sizes) {
            let (Some(dim), Some(size)) = (dim.as_str(), size.as_u64()) else {
                continue;
            };
            one_each &= *dims.entry(dim.to_owned()).or_insert(size) == size;
        }
    }
    (dims, one_each)
}

/// The models of a folder with open sizes, and the truth of a static one of the same network where there is one.
fn twins(folder: &Path) -> Vec<(PathBuf, Option<PathBuf>)> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".onnx.truth.json").map(str::to_owned));
    }
    let open = names.iter().filter(|it| it.ends_with("_dyn"));
    let twin = |open: &str| {
        let network = open.split_once('.')?.0;
        let fixed = names.iter().filter(|it| !it.ends_with("_dyn"));
        let mut same = fixed.filter(|it| it.split_once('.').is_some_and(|it| it.0 == network));
        let exporter = open.strip_suffix("_dyn")?;
        let alike = same.clone().find(|it| *it == exporter);
        let twin = alike.or_else(|| same.next())?;
        Some(folder.join(format!("{twin}.onnx.truth.json")))
    };
    open.map(|it| (folder.join(format!("{it}.onnx")), twin(it)))
        .collect()
}

/// The sizes of a run moved by a little, and multiples of 64 for networks that halve often. Neighbouring sizes
/// move by other amounts, so that none stands in for another.
fn sizes_around(own: &Dims) -> Vec<Dims> {
    let of = |size: &dyn Fn(u64, i64) -> u64| {
        let moved = own.iter().enumerate().map(|(at, (name, own))| {
            let size = size(*own, 1 + i64::try_from(at % 3).unwrap());
            (name.clone(), if name == "batch" { 1 } else { size.max(1) })
        });
        moved.collect()
    };
    let near = [-9, -4, 0, 1, 2, 3, 5, 8, 13, 32]
        .map(|step| of(&|own, by| own.saturating_add_signed(step * by)));
    let round = [2, 3, 4, 5, 6, 7, 8, 10, 12, 16]
        .map(|step| of(&|_, by| (64 * (step + by)).unsigned_abs()));
    near.into_iter().chain(round).collect()
}

#[expect(clippy::print_stdout, reason = "which networks were compared")]
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.join("../shared/truth/onnx/exported");
    println!("{} is there: {}", beside.display(), beside.is_dir());
    let here = root.join("fixtures/truth");
    [here, beside]
        .into_iter()
        .filter(|it| it.is_dir())
        .collect()
}

#[test]
fn formulas_give_the_numbers_of_every_size() {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (model, _) in folders().iter().flat_map(|it| twins(it)) {
        let truth = read(&PathBuf::from(format!("{}.truth.json", model.display())));
        let (own, _) = run_with(&truth, &truth);
        let open = layers(&model, Dims::new());
        let mut sizes = 0;
        for moved in sizes_around(&own) {
            let run = layers(&model, moved.clone());
            let pairs = open.iter().zip(&run);
            let pairs = pairs.map(|(form, row)| {
                let name = row["name"].to_string();
                (name, worked_out(form, &moved), worked_out(row, &moved))
            });
            let pairs: Vec<_> = pairs.collect();
            // Where a layer cannot run with a size, the network cannot.
            let runs = |form: &Row, row: &Row| form.keys().all(|it| row.contains_key(it));
            if open.len() != run.len() || !pairs.iter().all(|(_, form, row)| runs(form, row)) {
                continue;
            }
            sizes += 1;
            for (name, form, row) in pairs {
                compared += form.len();
                let differ = form.iter().filter(|(what, it)| row.get(*what) != Some(it));
                wrong.extend(differ.map(|(what, it)| {
                    let (model, run) = (model.display(), row.get(what));
                    format!("{model} {name} {what} at {moved:?}: formula {it}, run {run:?}")
                }));
            }
        }
        // MobileViT's trace keeps the sizes that it was traced with in its Reshapes, and runs with no others.
        let traced = model.ends_with("timm_mobilevit_xxs.ts_dyn.onnx");
        let least = if traced { 1 } else { 10 };
        assert!(sizes >= least, "{} runs at {sizes} sizes", model.display());
    }
    wrong.truncate(20);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 5_000, "only {compared} numbers were compared");
}

#[test]
fn formulas_give_what_the_static_twin_was_run_to() {
    let (mut compared, mut wrong) = (0, Vec::new());
    for (model, twin) in folders().iter().flat_map(|it| twins(it)) {
        let Some(twin) = twin else { continue };
        let truth = read(&twin);
        let open_truth = read(&PathBuf::from(format!("{}.truth.json", model.display())));
        // A file that leaves only the batch open has no formulas.
        let (dims, one_each) = run_with(&open_truth, &truth);
        if !one_each || dims.keys().all(|it| it == "batch") {
            continue;
        }
        let keys = [
            "input_shape",
            "output_shape",
            "shared",
            "unshared",
            "dense",
            "macs",
        ];
        let ours = layers(&model, Dims::new());
        let convs = ours.iter().filter(|it| it["kind"] == "conv");
        let count = convs.clone().count();
        // A row without a formula says nothing that could be wrong; MobileViT has three.
        let ours = convs.filter_map(|row| {
            let row = worked_out(row, &dims);
            let values: Option<Vec<Json>> = keys.iter().map(|it| row.get(*it).cloned()).collect();
            Some(json!(values?).to_string())
        });
        let theirs = truth["convs"].as_array().unwrap().iter().map(|it| {
            let unshared = if it["transposed"] == true {
                "unshared_params_per_input_position"
            } else {
                "unshared_params"
            };
            let names = [
                "input_shape",
                "output_shape",
                "params",
                unshared,
                "dense_params",
                "macs",
            ];
            json!(names.map(|name| &it[name])).to_string()
        });
        let mut theirs: Vec<String> = theirs.collect();
        if count != theirs.len() {
            wrong.push(format!("{}: {count} convolutions", model.display()));
        }
        for row in ours {
            compared += 1;
            match theirs.iter().position(|it| *it == row) {
                Some(at) => drop(theirs.swap_remove(at)),
                None => wrong.push(format!(
                    "{}: {row} is not in {}",
                    model.display(),
                    twin.display()
                )),
            }
        }
        if theirs.len() > 3 {
            wrong.push(format!("{}: lacks {theirs:?}", model.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared >= 60, "only {compared} layers were compared");
}

#[test]
fn the_layers_of_open_files_have_formulas() {
    // Networks whose every size follows from height and width: rounding up, grouping of channels through a
    // Reshape, transposed convolutions, skips that are joined.
    for name in [
        "squeezenet1_1",
        "alexnet2012",
        "dcgan_g",
        "unet",
        "siamese",
        "lenet5",
    ] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let model = root.join(format!("fixtures/truth/{name}.ts_dyn.onnx"));
        let dims = Dims::from([("height".to_owned(), 300), ("width".to_owned(), 200)]);
        for row in layers(&model, Dims::new()) {
            let counts = match row["kind"].as_str() {
                Some("conv") => ["unshared", "dense", "macs", "padding_macs"].as_slice(),
                Some("pool") => &["activations_in", "activations_out"],
                Some("totals") => &["conv.unshared", "conv.dense", "conv.macs", "macs"],
                _ => continue,
            };
            let row = worked_out(&row, &dims);
            for count in counts {
                assert!(row.contains_key(*count), "{name}: {row:?} lacks {count}");
            }
        }
    }
}

/// A formula of a table as the evaluator reads it.
fn plain(book: &str) -> String {
    let signs = [
        ("⌊", "floor("),
        ("⌋", ")"),
        ("×", " * "),
        ("−", " - "),
        ("+", " + "),
        (",", ""),
    ];
    let text = signs
        .iter()
        .fold(book.to_owned(), |text, it| text.replace(it.0, it.1));
    text.replace("max(0 ", "max(0, ")
}

/// The page of a model with these columns.
fn page(model: &Path, columns: Option<&[&str]>, width: usize) -> String {
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    let columns = columns.map(|it| it.iter().filter_map(|it| find_column(it)).collect());
    let view = View {
        columns,
        width,
        ..View::default()
    };
    let mut out = Vec::new();
    let format = OutputFormat::find("table").unwrap();
    let report = inspect(model, &options).unwrap();
    format.write(&report, &view, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What the names under a table stand for, worked out.
fn named(page: &str, dims: &Dims) -> Dims {
    let mut out = dims.clone();
    let lines = page.lines().skip_while(|it| !it.starts_with(" formulas "));
    let lines = lines.take_while(|it| !it.is_empty());
    let items = lines.flat_map(|it| it.trim_start().split("   "));
    for item in items {
        let item = item.trim().strip_prefix("formulas").unwrap_or(item).trim();
        if let Some((name, book)) = item.split_once(" = ") {
            let value = Evaluator::of(&plain(book), dims).unwrap_or_else(|| panic!("{item}"));
            out.insert(name.to_owned(), u64::try_from(value).unwrap());
        }
    }
    out
}

#[test]
fn a_table_tells_every_size_and_keeps_its_width() {
    // Multiples of 8, which U-Net's skips need.
    let dims = Dims::from([("height".to_owned(), 304), ("width".to_owned(), 200)]);
    let mut compared = 0;
    for name in [
        "alexnet2012",
        "dcgan_g",
        "lenet5",
        "siamese",
        "squeezenet1_1",
        "unet",
    ] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let model = root.join(format!("fixtures/truth/{name}.ts_dyn.onnx"));
        for width in [80, 100, 160] {
            let page = page(&model, None, width);
            let long = page.lines().find(|it| it.chars().count() > width);
            assert_eq!(long, None, "{name} at {width}");
            assert!(!page.contains("×…"), "{page}");
        }
        // Cells with names and without, worked out and held against the run with these sizes.
        let runs = layers(&model, dims.clone());
        let runs = runs
            .iter()
            .filter(|it| it["kind"] == "conv" || it["kind"] == "pool");
        let runs: Vec<&Json> = runs.collect();
        for width in [60, 200] {
            let page = page(&model, Some(&["output", "unshared"]), width);
            let names = named(&page, &dims);
            let rows = page
                .lines()
                .skip_while(|it| !it.trim().starts_with("output"));
            for (line, run) in rows.skip(1).zip(&runs) {
                let cells = line.trim().split_once("  ");
                let (output, unshared) = cells.unwrap_or_else(|| panic!("{name}: {page}"));
                let sizes = run["output_shape"].as_array().unwrap().iter();
                let sizes = sizes.map(|it| it.as_u64().unwrap_or_else(|| panic!("{name}: {run}")));
                let elements: u64 = sizes.product();
                let got = Evaluator::of(&plain(output), &names);
                assert_eq!(got, Some(i128::from(elements)), "{name}: {line}");
                if run["kind"] == "conv" {
                    let expected = run["params"]["unshared"].as_u64().unwrap();
                    let got = Evaluator::of(&plain(unshared.trim()), &names);
                    assert_eq!(got, Some(i128::from(expected)), "{name}: {line}");
                }
                compared += 1;
            }
        }
    }
    assert!(compared >= 120, "only {compared} rows were compared");
}

#[test]
fn the_evaluator_follows_the_notation() {
    let dims = Dims::from([("h".to_owned(), 224), ("w".to_owned(), 7)]);
    let cases = [
        // ⌊213/4⌋ + 1 = 54
        ("floor((h - 11) / 4) + 1", Some(54)),
        ("3 * (h + 1) * w - 5", Some(4_720)),
        ("max(0, w - 9) + floor(h / 2)", Some(112)),
        ("34944 * output positions", None),
        ("h +", None),
    ];
    for (text, expected) in cases {
        assert_eq!(Evaluator::of(text, &dims), expected, "{text}");
    }
}

/// A graph from `x` to `y` with stored tensors, inspected.
fn of(nodes: Vec<NodeProto>, x: &[Size], stored: &[(&str, &[i64])]) -> Inspection {
    let mut graph: GraphProto = graph(nodes, &[], &["y"]);
    graph.input = vec![value("x", FLOAT, x)];
    let stored = stored.iter().map(|it| tensor(it.0, FLOAT, it.1));
    graph.initializer = stored.collect();
    let read = read::read_bytes(bytes(&model(graph, 17))).unwrap();
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    inspect_model(&read, "m.onnx", &options, &|_| {}).unwrap()
}

/// The only row that has counts, its formula under this name, and the reason of its gap.
fn told(inspection: &Inspection, kind: &str, count: &str) -> (Option<String>, Option<String>) {
    let rows = inspection.layers.iter();
    let mut rows = rows.map(|it| serde_json::to_value(it).unwrap());
    let row = rows.find(|it| it["kind"] == kind).unwrap();
    let form = row["formulas"][count].as_str().map(str::to_owned);
    let gap = inspection.gaps.iter().find(|it| it.what == count);
    (form, gap.map(|it| it.reason.clone()))
}

#[test]
fn matrix_products_and_recurrent_layers_have_formulas() {
    let rows = [Size::Is(1), Size::Named("rows"), Size::Is(64)];
    let product = node("fc", "MatMul", &["x", "w"], &["y"]);
    let linear = of(vec![product], &rows, &[("w", &[64, 10])]);
    // Each row 64 · 10 products.
    let form = Some("640 * rows".to_owned());
    assert_eq!(told(&linear, "linear", "macs"), (form.clone(), None));
    for path in ["linear.macs", "macs"] {
        let sum = linear.totals.formulas[path].to_string();
        assert_eq!(Some(sum), form, "{path}");
    }
    // Four gates of 3: W holds 4 · 3 · 5 = 60, R 4 · 3 · 3 = 36.
    let steps = [Size::Is(1), Size::Named("steps"), Size::Is(5)];
    let turned = with(
        node("turn", "Transpose", &["x"], &["t"]),
        vec![ints("perm", &[1, 0, 2])],
    );
    let lstm = node("lstm", "LSTM", &["t", "w", "r"], &["y"]);
    let lstm = with(lstm, vec![int("hidden_size", 3)]);
    let stored: &[(&str, &[i64])] = &[("w", &[1, 12, 5]), ("r", &[1, 12, 3])];
    let recurrent = of(vec![turned, lstm], &steps, stored);
    let form = Some("96 * steps".to_owned());
    assert_eq!(told(&recurrent, "recurrent", "macs"), (form, None));
}

/// A convolution of 2 filters over one open axis of 3 channels.
fn conv(kernel: i64, attributes: Vec<AttributeProto>) -> Inspection {
    let conv = with(node("conv", "Conv", &["x", "w"], &["y"]), attributes);
    let size = [Size::Is(1), Size::Is(3), Size::Named("size")];
    of(vec![conv], &size, &[("w", &[2, 3, kernel])])
}

#[test]
fn products_with_padding_have_a_formula_or_a_reason() {
    let same = |stride: i64| vec![string("auto_pad", "SAME_UPPER"), ints("strides", &[stride])];
    // Three taps at each place, of which the first misses once and the last too: 2 · 3 · 2 = 12 products.
    let (form, gap) = told(&conv(3, same(1)), "conv", "padding_macs");
    assert_eq!(
        (form.as_deref(), gap),
        (Some("18 * size - 6 * (3 * size - 2)"), None)
    );
    let (form, gap) = told(&conv(3, same(2)), "conv", "padding_macs");
    let reason = "auto_pad pads by what the input's size leaves over, and that size is open";
    assert_eq!((form, gap.as_deref()), (None, Some(reason)));
    // A thousand taps are not walked, and each near an edge would add a clamp to the formula.
    let (form, gap) = told(
        &conv(999, vec![ints("pads", &[499, 499])]),
        "conv",
        "padding_macs",
    );
    let reason = "kernel and positions are too many to walk, or their formula grows too long";
    assert_eq!((form, gap.as_deref()), (None, Some(reason)));
    // What needs no padding keeps its formulas whatever the kernel is.
    let (form, gap) = told(&conv(999, vec![]), "conv", "macs");
    assert_eq!((form.as_deref(), gap), (Some("5994 * (size - 998)"), None));
}

#[test]
fn a_sum_of_too_many_sizes_is_a_gap() {
    // Each layer halves more of another size, so no two of 400 terms are alike.
    let mut nodes = Vec::new();
    for at in 0..400 {
        let (name, kernel) = (format!("c{at}"), at + 1);
        let weight = format!("w{kernel}");
        let output = if at == 399 { "y" } else { &name };
        nodes.push(node(&name, "Conv", &["x", &weight], &[output]));
    }
    let stored: Vec<(String, [i64; 3])> =
        (1..=400).map(|it| (format!("w{it}"), [2, 3, it])).collect();
    let stored: Vec<(&str, &[i64])> = stored.iter().map(|it| (it.0.as_str(), &it.1[..])).collect();
    let size = [Size::Is(1), Size::Is(3), Size::Named("size")];
    let inspection = of(nodes, &size, &stored);
    assert!(!inspection.totals.formulas.contains_key("conv.macs"));
    let gap = inspection
        .gaps
        .iter()
        .find(|it| it.what == "conv.macs")
        .unwrap();
    assert!(gap.reason.contains("grows too long"), "{}", gap.reason);
}
