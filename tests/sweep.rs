//! `--sweep`: the story's first convolution by hand, every row against an inspection at that size, networks with
//! open sizes against what their static twins were run to, the page's edges.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cnninspect::account::{ConvLayer, Layer};
use cnninspect::explain::Question;
use cnninspect::infer::Sizes;
use cnninspect::sweep::{MOST_SIZES, Sweep, Swept, sweep};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect};
use serde_json::{Value as Json, json};

mod support;

const ALEXNET: &str = "fixtures/alexnet-2012.onnx";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn command(arguments: &[&str], columns: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command.args(arguments).current_dir(root());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("COLUMNS", columns);
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments, "100").output().unwrap()
}

fn printed(arguments: &[&str], columns: &str) -> String {
    let output = command(arguments, columns).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn document(arguments: &[&str]) -> Json {
    serde_json::from_str(&printed(arguments, "100")).unwrap()
}

fn options(sizes: Sizes) -> Options {
    Options {
        sizes,
        verify: Choice::None,
        ..Options::default()
    }
}

fn swept(model: &Path, list: &str, question: Option<&Question>) -> Swept {
    let list = Sweep::read(list).unwrap();
    sweep(model, &options(Sizes::default()), &list, question).unwrap()
}

fn everything() -> Question {
    Question {
        layers: vec!["*".to_owned()],
        kind: None,
    }
}

fn conv(layer: &Layer) -> &ConvLayer {
    match layer {
        Layer::Conv(row) => row,
        other => panic!("{} is no convolution", other.name()),
    }
}

/// The side of what a window makes of `side` elements.
fn windows(side: u128, kernel: u128, stride: u128, pad: u128) -> u128 {
    (side + 2 * pad - kernel) / stride + 1
}

#[test]
fn the_first_convolution_grows_as_by_hand() {
    let question = Question {
        layers: vec!["conv1".to_owned()],
        kind: None,
    };
    let swept = swept(&root().join(ALEXNET), "227,224,256,320", Some(&question));
    // (227 − 11) / 4 + 1 = 55; ⌊213 / 4⌋ + 1 = 54; ⌊245 / 4⌋ + 1 = 62; ⌊309 / 4⌋ + 1 = 78.
    let sides = [(227, 55), (224, 54), (256, 62), (320, 78)];
    assert_eq!(swept.sizes.len(), sides.len());
    for (at, (input, output)) in swept.sizes.iter().zip(sides) {
        let row = conv(at.layers[0].as_ref().unwrap());
        let neurons = 96 * output * output;
        let kernel = 11 * 11 * 3;
        let counts = row.params;
        assert_eq!(u128::from(at.size), input);
        assert_eq!(counts.stored.unwrap().0, 96 * (kernel + 1), "{input}");
        assert_eq!(counts.shared.unwrap().0, 96 * (kernel + 1), "{input}");
        assert_eq!(
            counts.unshared.unwrap().0,
            neurons * (kernel + 1),
            "{input}"
        );
        assert_eq!(
            counts.dense.unwrap().0,
            neurons * (3 * input * input + 1),
            "{input}"
        );
        assert_eq!(row.macs.unwrap().0, neurons * kernel, "{input}");
        assert_eq!(
            row.sharing_factor,
            Some(f64::from(u32::try_from(output * output).unwrap()))
        );
    }
}

#[test]
fn the_story_s_sums_grow_as_by_hand() {
    // Kernel, stride, padding of a window, filters, channels of a group and of the input; pools have no filters.
    let layers: [(u128, u128, u128, u128, u128, u128); 8] = [
        (11, 4, 0, 96, 3, 3),
        (3, 2, 0, 0, 0, 0),
        (5, 1, 2, 256, 48, 96),
        (3, 2, 0, 0, 0, 0),
        (3, 1, 1, 384, 256, 256),
        (3, 1, 1, 384, 192, 384),
        (3, 1, 1, 256, 192, 384),
        (3, 2, 0, 0, 0, 0),
    ];
    // fc6 takes the 256 maps of 6 × 6 that the file was made for.
    let linear = 256 * 6 * 6 * 4096 + 4096 * 4096 + 4096 * 1000;
    let list = "192..384:16";
    let swept = swept(&root().join(ALEXNET), list, None);
    assert_eq!(swept.sizes.len(), 13);
    for at in &swept.sizes {
        let (mut side, mut sums) = (u128::from(at.size), [0u128; 4]);
        for (kernel, stride, pad, filters, channels, of) in layers {
            let inputs = of * side * side;
            side = windows(side, kernel, stride, pad);
            let weights = kernel * kernel * channels;
            let neurons = filters * side * side;
            let own = [
                filters * (weights + 1),
                neurons * (weights + 1),
                neurons * (inputs + 1),
                neurons * weights,
            ];
            for (sum, own) in sums.iter_mut().zip(own) {
                *sum += own;
            }
        }
        let conv = at.totals.conv;
        let ours = [
            conv.stored.unwrap().0,
            conv.unshared.unwrap().0,
            conv.dense.unwrap().0,
            conv.macs.unwrap().0,
        ];
        assert_eq!(ours, sums, "{}", at.size);
        assert_eq!(at.totals.macs.unwrap().0, sums[3] + linear, "{}", at.size);
        let problem = at.problems.first();
        let found = problem.map(|it| (it.layer.as_str(), it.expected, it.found));
        let given = u64::try_from(256 * side * side).unwrap();
        let unfit = (given != 9216).then_some(("fc6", Some(9216), Some(given)));
        assert_eq!(found, unfit, "{}", at.size);
    }
}

/// What an inspection says, as a sweep says it.
fn rows(inspection: &Inspection) -> Json {
    let layers = inspection.layers.iter();
    let layers = layers.filter(|it| matches!(it, Layer::Conv(_) | Layer::Pool(_)));
    json!({
        "inputs": inspection.inputs,
        "totals": inspection.totals,
        "layers": layers.collect::<Vec<_>>(),
        "noted": inspection.warnings.len() + inspection.gaps.len(),
    })
}

/// Holds each size of a sweep against an inspection with that size; how many numbers of layers were compared.
fn compare(model: &Path, list: &str, own: &dyn Fn(u64) -> Sizes, wrong: &mut Vec<String>) -> usize {
    let swept = swept(model, list, Some(&everything()));
    for at in &swept.sizes {
        let inspection = inspect(model, &options(own(at.size))).unwrap();
        let ours = json!({
            "inputs": at.inputs,
            "totals": at.totals,
            "layers": at.layers.iter().flatten().collect::<Vec<_>>(),
            "noted": at.noted,
        });
        if ours != rows(&inspection) {
            wrong.push(format!("{} at {}", model.display(), at.size));
        }
    }
    swept.sizes.len() * swept.layers.len()
}

fn folders() -> Vec<PathBuf> {
    let both = ["fixtures/truth", "../shared/truth/onnx/exported"];
    let folders = both.iter().map(|it| root().join(it));
    folders.filter(|it| it.is_dir()).collect()
}

/// Models whose height and width are open, with a static twin of the same network where there is one.
fn open_models() -> Vec<(PathBuf, Vec<PathBuf>)> {
    let mut out = Vec::new();
    for folder in folders() {
        let entries = fs::read_dir(&folder).unwrap();
        let names = entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
        let names = names.filter_map(|it| Some(it.strip_suffix(".truth.json")?.to_owned()));
        let mut names: Vec<String> = names.collect();
        names.sort();
        for name in names.iter().filter(|it| it.ends_with("_dyn.onnx")) {
            let truth = read(&folder.join(format!("{name}.truth.json")));
            let declared = truth["graph_inputs"].to_string();
            if !declared.contains("\"height\"") || !declared.contains("\"width\"") {
                continue;
            }
            let network = name.split('.').next().unwrap();
            let twins = names
                .iter()
                .filter(|it| it.split('.').next() == Some(network) && !it.contains("_dyn"));
            let twins = twins.map(|it| folder.join(format!("{it}.truth.json")));
            out.push((folder.join(name), twins.collect()));
        }
    }
    out
}

fn read(path: &Path) -> Json {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn given(shape: Vec<u64>) -> Sizes {
    Sizes {
        inputs: vec![(None, shape)],
        ..Sizes::default()
    }
}

#[test]
fn each_row_is_what_an_inspection_at_that_size_says() {
    let (mut compared, mut wrong) = (0, Vec::new());
    let named = |size: u64| Sizes {
        dims: BTreeMap::from([("height".to_owned(), size), ("width".to_owned(), size)]),
        ..Sizes::default()
    };
    for (model, _) in open_models() {
        compared += compare(&model, "height=width=24,64,97,128,256", &named, &mut wrong);
    }
    let square = |size: u64| given(vec![1, 3, size, size]);
    let model = root().join(ALEXNET);
    compared += compare(&model, "20,100,224,227,256", &square, &mut wrong);
    let model = root().join("fixtures/truth/squeezenet1_1.ts_raw.onnx");
    compared += compare(&model, "64..256:48", &square, &mut wrong);
    let model = root().join("fixtures/truth/r3d_18.ts_raw.onnx");
    let cube = |size: u64| given(vec![1, 3, size, size, size]);
    compared += compare(&model, "16,28", &cube, &mut wrong);
    let model = root().join("fixtures/truth/wavenet.ts.onnx");
    let channels = read(&root().join("fixtures/truth/wavenet.ts.onnx.truth.json"));
    let shape = channels["graph_inputs"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    let channels = shape[1].as_u64().unwrap();
    let line = |size: u64| given(vec![1, channels, size]);
    compared += compare(&model, "64,100", &line, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared >= 300, "only {compared} rows were compared");
}

/// One square size for all open axes, where the twin was run with one.
fn square(truth: &Json) -> Option<u64> {
    let inputs = truth["inputs"].as_object()?.values();
    let mut sizes =
        inputs.flat_map(|it| it["shape"].as_array().into_iter().flatten().rev().take(2));
    let first = sizes.next()?.as_u64()?;
    sizes.all(|it| it.as_u64() == Some(first)).then_some(first)
}

#[test]
fn sums_are_those_that_the_static_twin_was_run_to() {
    let mut compared = 0;
    for (model, twins) in open_models() {
        for twin in twins {
            let truth = read(&twin);
            let Some(size) = square(&truth) else { continue };
            let convs = truth["convs"].as_array().unwrap();
            // Transposed convolutions and what an exporter folded are compared row by row elsewhere.
            if convs.iter().any(|it| it["transposed"] == true) {
                continue;
            }
            let sum = |field: &str| {
                convs
                    .iter()
                    .map(|it| u128::from(it[field].as_u64().unwrap()))
                    .sum::<u128>()
            };
            let swept = swept(&model, &format!("height=width={size},300"), None);
            let ours = swept.sizes[0].totals.conv;
            // Where an exporter folded a norm into biases of its own, it is another network.
            let same = ours.layers == convs.len() as u64 && ours.shared.unwrap().0 == sum("params");
            if !same || ours.unshared.is_none() {
                continue;
            }
            let ours = [
                ours.unshared.unwrap().0,
                ours.dense.unwrap().0,
                ours.macs.unwrap().0,
            ];
            let theirs = [sum("unshared_params"), sum("dense_params"), sum("macs")];
            let (model, twin) = (model.display(), twin.display());
            assert_eq!(ours, theirs, "{model} at {size}, as {twin}");
            compared += 1;
        }
    }
    assert!(compared >= 3, "only {compared} networks were compared");
}

#[test]
fn a_file_of_tensors_is_swept_as_far_as_it_is_inspected() {
    let model = "fixtures/safetensors/mlx.safetensors";
    let geometry = ["--geometry", "fixtures/safetensors/mlx.toml"];
    let swept = document(&[&[model, "--sweep", "16,32", "-f", "json"], &geometry[..]].concat());
    for entry in swept["sweep"].as_array().unwrap() {
        let size = entry["size"].as_u64().unwrap();
        let input = format!("3x{size}x{size}");
        let own = ["-f", "json", "--verify", "none", "--input", &input];
        let whole = document(&[&[model], &own[..], &geometry[..]].concat());
        assert_eq!(entry["totals"], whole["totals"], "{size}");
        assert_eq!(entry["inputs"], whole["model"]["inputs"], "{size}");
    }
    // 8 filters of 3 · 3 · 3 + 1 at 16 · 16 places, then 20 of … at 8 · 8: four times as many at twice the side.
    let unshared = |at: usize| {
        swept["sweep"][at]["totals"]["conv"]["unshared"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(unshared(1), 4 * unshared(0));
    let open = printed(
        &[
            "fixtures/safetensors/truth/lenet5.safetensors",
            "--graph",
            "fixtures/truth/lenet5.ts_dyn.onnx",
            "--sweep",
            "height=width=28,32",
        ],
        "100",
    );
    // c5 takes 5 × 5 of what two halvings leave of 28: ((28 − 4) / 2 − 4) / 2 = 4.
    assert!(
        open.contains("at 28 c5 (Conv): kernel reaches over 5 elements but the padded input has 4"),
        "{open}"
    );
}

#[test]
fn one_read_serves_every_size() {
    // Standard input can be read but once.
    let mut command = command(&["-", "--sweep", "224,227", "-f", "csv"], "100");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bytes = fs::read(root().join(ALEXNET)).unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let file = printed(&[ALEXNET, "--sweep", "224,227", "-f", "csv"], "100");
    assert_eq!(text, file);
}

/// A model that is written for one test and removed after it.
struct Written(PathBuf);

impl Written {
    fn new(name: &str, graph: onnx_protobuf::GraphProto) -> Self {
        let name = format!("cnninspect-sweep-{name}-{}.onnx", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, support::bytes(&support::model(graph, 17))).unwrap();
        Self(path)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The axes of the only input, of these sizes, that a list without names is for.
fn axes(sizes: &[i64]) -> Vec<usize> {
    use support::{float_value, graph, node};
    let mut graph = graph(vec![node("relu", "Relu", &["x"], &["y"])], &[], &["y"]);
    graph.input = vec![float_value("x", sizes)];
    let name = sizes.iter().map(i64::to_string).collect::<Vec<_>>();
    let model = Written::new(&name.join("-"), graph);
    let swept = swept(&model.0, "20,30", None);
    swept.axes.inputs[0].axes.clone()
}

#[test]
fn height_and_width_are_told_from_channels() {
    let cases: [(&[i64], &[usize]); 9] = [
        (&[1, 3, 224, 224], &[2, 3]),
        (&[1, 224, 224, 3], &[1, 2]),
        (&[1, 28, 28, 1], &[1, 2]),
        // Maps of a row each, not colours: height and width would differ.
        (&[1, 40, 100, 1], &[2, 3]),
        (&[1, 1, 28, 28], &[2, 3]),
        (&[1, 8, 100], &[2]),
        (&[1, 16_000, 1], &[1]),
        (&[1, 3, 16, 64, 64], &[2, 3, 4]),
        (&[1, 16, 16, 16, 3], &[1, 2, 3]),
    ];
    for (sizes, expected) in cases {
        assert_eq!(axes(sizes), expected, "{sizes:?}");
    }
}

#[test]
fn images_whose_colours_come_last_are_swept_as_they_are_turned() {
    use support::{float_value, graph, ints, node, tensor, with};
    let turned = with(
        node("turn", "Transpose", &["x"], &["y"]),
        vec![ints("perm", &[0, 3, 1, 2])],
    );
    let conv = node("conv", "Conv", &["y", "w"], &["z"]);
    let mut graph = graph(vec![turned, conv], &[], &["z"]);
    graph.input = vec![float_value("x", &[1, 20, 20, 3])];
    graph.initializer = vec![tensor("w", support::FLOAT, &[4, 3, 3, 3])];
    let model = Written::new("turned", graph);
    let swept = swept(&model.0, "20,30", None);
    // 4 filters of 27 weights at 18 · 18 and 28 · 28 places.
    let unshared = swept
        .sizes
        .iter()
        .map(|it| it.totals.conv.unshared.unwrap().0);
    assert_eq!(
        unshared.collect::<Vec<_>>(),
        [4 * 27 * 18 * 18, 4 * 27 * 28 * 28]
    );
}

#[test]
fn other_options_stand_beside_the_list() {
    // A batch of 8 is kept, and counts are of one sample all the same.
    let text = printed(
        &[ALEXNET, "--input", "8x3x1x1", "--sweep", "227", "-f", "csv"],
        "100",
    );
    assert!(
        text.contains("\r\n227,\"8x3x227x227\",60965224,2334080,2334080,666434944,1,"),
        "{text}"
    );
    // One side alone, the other by --dim: ⌊(200 − 3) / 2⌋ + 1 = 99 by ⌊(100 − 3) / 2⌋ + 1 = 49.
    let open = "fixtures/truth/squeezenet1_1.ts_dyn.onnx";
    let own = [
        "explain",
        open,
        "--dim",
        "width=100",
        "--sweep",
        "height=200,300",
        "-f",
        "json",
    ];
    let rows = document(&own);
    assert_eq!(
        rows["sweep"][0]["layers"][0]["output_shape"],
        json!([1, 64, 99, 49])
    );
    assert_eq!(rows["axes"], json!({"dims": ["height"], "inputs": []}));
}

#[test]
fn what_cannot_be_swept_says_why() {
    let open = "fixtures/truth/squeezenet1_1.ts_dyn.onnx";
    let two = "fixtures/truth/siamese.ts_dyn.onnx";
    let cases: [(&[&str], &str); 15] = [
        (
            &[two, "--sweep", "64"],
            "siamese.ts_dyn.onnx: several inputs have spatial axes, so a name is needed; the inputs are \"input\" \
             (batch×3×height×width), \"input1\" (batch×3×height×width)\nhint: name inputs or dimensions, tied by =: \
             --sweep input=input1=224,256 or --sweep height=width=224,256",
        ),
        (
            &[open, "--sweep", "hieght=64"],
            "no input and no dimension of one is named \"hieght\"; the dimensions are batch, height, width, the inputs \
             \"input\" (batch×3×height×width)",
        ),
        (
            &[open, "--sweep", "64", "--dim", "height=5"],
            "dimension \"height\" is to be swept and is settled by --dim\nhint: leave out one of the two",
        ),
        (
            &[open, "--sweep", "height=5,7", "--dim", "height=5"],
            "dimension \"height\" is to be swept and is settled by --dim",
        ),
        (
            &[open, "--sweep", "height=5,7", "--input", "1x3x5x5"],
            "dimension \"height\" is to be swept and is settled by --input",
        ),
        (
            &[
                "fixtures/safetensors/truth/lenet5.safetensors",
                "--sweep",
                "28",
            ],
            "no input has 3 to 5 axes, of which some were height and width; the inputs are none\nhint: ",
        ),
        (
            &[ALEXNET, "--sweep", "224", "--sweep", "256"],
            "--sweep is given twice; axes that take the same sizes are tied, as in height=width=224,256",
        ),
        (
            &[ALEXNET, "--sweep", "224,big"],
            "\"big\" is not a size, which is a whole number from 1",
        ),
        (
            &[ALEXNET, "--sweep", "1..257"],
            "these are more than 256 sizes",
        ),
        (
            &[ALEXNET, "--sweep", "224", "--top", "3"],
            "cannot be used with '--top <N>'",
        ),
        (
            &[ALEXNET, "--sweep", "224", "--verify", "all"],
            "cannot be used with '--verify <WHICH>'",
        ),
        (
            &[ALEXNET, "--sweep", "224", "--graph", open],
            "--graph is for models without a graph",
        ),
        (
            &["explain", ALEXNET, "conv9", "--sweep", "224"],
            "no convolution or pool is named \"conv9\"",
        ),
        (
            &["explain", ALEXNET, "--sweep", "224", "--ascii"],
            "cannot be used with '--ascii'",
        ),
        (
            &["fixtures/malformed/empty.onnx", "--sweep", "224"],
            "empty.onnx: ",
        ),
    ];
    for (arguments, expected) in cases {
        let output = run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_list_that_fits_no_axis_or_makes_too_many_rows_is_refused() {
    use support::{FLOAT, Size, float_value, graph, ints, node, value, with};
    let list = Sweep::read("8..263").unwrap();
    let refused = |model: &Written, question: Option<&Question>| {
        let error = sweep(&model.0, &options(Sizes::default()), &list, question).unwrap_err();
        (error.to_string(), error.hint().unwrap_or_default())
    };
    let mut flat = graph(vec![node("relu", "Relu", &["x"], &["y"])], &[], &["y"]);
    flat.input = vec![float_value("x", &[1, 20])];
    let (error, _) = refused(&Written::new("flat", flat.clone()), None);
    let expected = "no input has 3 to 5 axes, of which some were height and width; the inputs are \"x\" (1×20)";
    assert_eq!(error, expected);
    let sizes = [
        Size::Is(1),
        Size::Named("colours"),
        Size::Is(9),
        Size::Is(9),
    ];
    flat.input = vec![value("x", FLOAT, &sizes)];
    let (error, hint) = refused(&Written::new("open", flat), None);
    assert_eq!(error, "axis 1 of input \"x\" is open");
    assert_eq!(hint, "--dim or --input gives its size");
    // 400 pools at 256 sizes are 102,400 rows.
    let pools = (0..400).map(|at| {
        let (from, to) = (format!("v{at}"), format!("v{}", at + 1));
        let pool = node(&format!("pool{at}"), "MaxPool", &[&from], &[&to]);
        with(pool, vec![ints("kernel_shape", &[1, 1])])
    });
    let mut deep = graph(pools.collect(), &[], &["v400"]);
    deep.input = vec![float_value("v0", &[1, 1, 8, 8])];
    let deep = Written::new("deep", deep);
    let (error, hint) = refused(&deep, Some(&everything()));
    assert_eq!(error, "400 layers at 256 sizes are more than 100,000 rows");
    assert_eq!(hint, "name fewer layers, or fewer sizes at a time");
}

#[test]
fn strict_judges_all_sizes_together() {
    let code = |list: &str| run(&[ALEXNET, "--sweep", list, "--strict"]).status.code();
    assert_eq!(code("227"), Some(0));
    assert_eq!(code("227,256"), Some(1));
}

#[test]
fn a_size_that_a_layer_cannot_take_leaves_the_others_told() {
    let page = printed(&[ALEXNET, "--sweep", "16,227,320"], "100");
    // conv1 leaves ⌊5 / 4⌋ + 1 = 2 of 16, which pool1's window of 3 does not fit into; 320 ends in 8 × 8 maps.
    for line in [
        " gap *        fc6 expects 9,216 inputs, here 16,384 at 320; ",
        " gap *        at 16 pool1 (MaxPool): kernel reaches over 3 elements but the padded input has 2",
        "Stored stays 2,334,080 at every size, since all positions share it. From 227 to 320 unshared grows",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    let document = document(&[
        "explain", ALEXNET, "conv1", "conv3", "--sweep", "20,227", "-f", "json",
    ]);
    let small = &document["sweep"][0];
    assert_eq!(small["layers"][0]["params"]["unshared"], 96 * 364 * 3 * 3);
    assert_eq!(small["layers"][1]["params"]["unshared"], Json::Null);
    assert_eq!(small["layers"][1]["params"]["stored"], 885_120);
    assert_eq!(small["gaps"][0]["layer"], "conv3");
    assert_eq!(document["sweep"][1]["layers"][1]["growth"]["unshared"], 1.0);
}

#[test]
fn pages_keep_within_their_width() {
    let cases: [&[&str]; 3] = [
        &[ALEXNET, "--sweep", "16,224..320:32"],
        &["explain", ALEXNET, "*", "--sweep", "20,224..320:32"],
        &["fixtures/truth/unet.ts_dyn.onnx", "--sweep", "64..1024:64"],
    ];
    for arguments in cases {
        for room in [80, 100, 160] {
            let page = printed(arguments, &room.to_string());
            for line in page.lines() {
                assert!(
                    line.chars().count() <= room,
                    "{arguments:?}, {room}: {line}"
                );
            }
            // The dense counts stand in every one of these widths.
            assert!(page.contains("dense"), "{page}");
        }
    }
}

#[test]
fn a_list_is_as_long_as_it_may_be() {
    let swept = swept(&root().join(ALEXNET), "16..271", None);
    assert_eq!(swept.sizes.len(), MOST_SIZES);
    assert!(
        swept
            .sizes
            .windows(2)
            .all(|it| it[0].size + 1 == it[1].size)
    );
}

#[test]
fn every_format_prints_as_it_did() {
    let folder = root().join("tests/golden");
    let bless = std::env::var_os("CNNINSPECT_BLESS").is_some();
    let cases: [(&str, &[&str]); 2] = [
        ("sweep", &[ALEXNET, "--sweep", "227,256,320"]),
        (
            "sweep-layers",
            &[
                "explain",
                ALEXNET,
                "conv1",
                "pool1",
                "--sweep",
                "227,256,320",
            ],
        ),
    ];
    for (case, arguments) in cases {
        for format in ["table", "markdown", "json", "csv"] {
            let path = folder.join(format!("{case}.{format}"));
            let now = printed(&[arguments, &["-f", format]].concat(), "100");
            if bless {
                fs::write(&path, &now).unwrap();
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), now, "{case} {format}");
        }
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let table = fs::read_to_string(folder.join("sweep.table")).unwrap();
    assert!(readme.contains(&table), "README.md shows another page");
}

#[test]
fn strict_says_the_warning_that_the_rows_do_not() {
    // 224 with a window of 11 and a stride of 4: (224 - 11) mod 4 = 1 element is left over.
    let output = run(&["fixtures/alexnet-2012.onnx", "--sweep", "224", "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("strict: "), "{said}");
    assert!(said.contains("not listed above, at 224: conv1: "), "{said}");
    assert!(!said.contains("1 warnings"), "{said}");
}
