//! Geometry for files without a graph: geometry files, what lies beside a model, single sizes.

#[path = "support/safetensors.rs"]
mod support;

use std::fs;
use std::path::Path;

use cnninspect::account::{ConvLayer, Layer};
use cnninspect::geometry::Layout;
use cnninspect::network::{Claim, GeometrySource};
use cnninspect::tensor::Shape;
use cnninspect::verify::{Choice, Status};
use cnninspect::{Inspection, Options, geometry_file, inspect};
use support::{Rows, write};

/// AlexNet's convolutions as the paper has them: two groups in conv2, conv4 and conv5.
const ALEXNET: Rows<'_> = &[
    ("conv1.weight", &[96, 3, 11, 11]),
    ("conv1.bias", &[96]),
    ("conv2.weight", &[256, 48, 5, 5]),
    ("conv2.bias", &[256]),
    ("conv3.weight", &[384, 256, 3, 3]),
    ("conv3.bias", &[384]),
    ("conv4.weight", &[384, 192, 3, 3]),
    ("conv4.bias", &[384]),
    ("conv5.weight", &[256, 192, 3, 3]),
    ("conv5.bias", &[256]),
    ("fc6.weight", &[4096, 9216]),
    ("fc6.bias", &[4096]),
    ("fc7.weight", &[4096, 4096]),
    ("fc8.weight", &[1000, 4096]),
];

const ALEXNET_227: &str = r#"
input = "3x227x227"
layers = [
  { conv = "conv1", stride = 4 },
  { maxpool = 3, stride = 2 },
  { conv = "conv2", pad = 2 },
  { maxpool = 3, stride = 2 },
  { conv = "conv{3,4,5}", pad = 1 },
  { maxpool = 3, stride = 2 },
]
"#;

/// Output side, stored and unshared of each, multiplied out by hand: 96 · 364 · 55², 256 · 1,201 · 27², ….
const ALEXNET_COUNTS: [(u64, u128, u128); 5] = [
    (55, 34_944, 105_705_600),
    (27, 307_456, 224_135_424),
    (13, 885_120, 149_585_280),
    (13, 663_936, 112_205_184),
    (13, 442_624, 74_803_456),
];

fn none() -> Options {
    Options {
        verify: Choice::None,
        ..Options::default()
    }
}

fn with_file(path: &Path) -> Options {
    let mut options = none();
    options.geometry.file = Some(path.to_owned());
    options
}

fn convs(inspection: &Inspection) -> Vec<&ConvLayer> {
    let rows = inspection.layers.iter().filter_map(|it| match it {
        Layer::Conv(row) => Some(&**row),
        _ => None,
    });
    rows.collect()
}

fn counts(inspection: &Inspection) -> Vec<(u64, u128, u128)> {
    let row = |it: &&ConvLayer| {
        let side = it.output_shape.as_ref()?.dim(2).known()?;
        Some((side, it.params.stored?.0, it.params.unshared?.0))
    };
    convs(inspection).iter().filter_map(row).collect()
}

#[test]
fn alexnet_of_the_paper_takes_seven_lines() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(&model, ALEXNET, "");
    fs::write(&file, ALEXNET_227).unwrap();
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    assert_eq!(counts(&inspection), ALEXNET_COUNTS);
    let totals = &inspection.totals.conv;
    assert_eq!(totals.stored.unwrap().0, 2_334_080);
    assert_eq!(totals.unshared.unwrap().0, 666_434_944);
    let groups: Vec<_> = convs(&inspection).iter().map(|it| it.group).collect();
    assert_eq!(groups, [1, 2, 1, 2, 2].map(Some));
    // 9,216 = 256 · 6 · 6, so the matrices follow: 665,784,864 and 37,748,736 + 16,777,216 + 4,096,000.
    assert_eq!(inspection.totals.macs.unwrap().0, 665_784_864 + 58_621_952);
    assert!(inspection.gaps.is_empty(), "{:?}", inspection.gaps);
    assert!(inspection.warnings.is_empty(), "{:?}", inspection.warnings);
    let facts = &inspection.facts.geometry;
    assert_eq!(
        (facts.source, facts.claim),
        (GeometrySource::Sidecar, Claim::Exact)
    );
}

#[test]
fn what_is_printed_reads_as_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(&model, ALEXNET, "");
    fs::write(&file, ALEXNET_227).unwrap();
    let printed = geometry_file(&model, &with_file(&file)).unwrap();
    let again = folder.path().join("again.toml");
    fs::write(&again, &printed).unwrap();
    let inspection = inspect(&model, &with_file(&again)).unwrap();
    assert_eq!(counts(&inspection), ALEXNET_COUNTS, "{printed}");
    assert_eq!(geometry_file(&model, &with_file(&again)).unwrap(), {
        printed.replacen("net.toml", "again.toml", 1)
    });
}

#[test]
fn a_graph_prints_a_geometry_that_fits_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let file = folder.path().join("net.toml");
    let graph = format!("{root}/fixtures/truth/lenet5.dynamo.onnx");
    fs::write(&file, geometry_file(&graph, &none()).unwrap()).unwrap();
    let expected = inspect(&graph, &none()).unwrap();
    let model = format!("{root}/fixtures/safetensors/truth/lenet5.safetensors");
    let inspection = inspect(model, &with_file(&file)).unwrap();
    assert_eq!(counts(&inspection), counts(&expected));
    assert_eq!(inspection.totals.macs, expected.totals.macs);
    // Branches that are concatenated, and pools that round up.
    let squeezenet = format!("{root}/fixtures/truth/squeezenet1_1.ts_raw.onnx");
    let rows = inspect(&squeezenet, &none()).unwrap();
    let tensors: Vec<(String, Vec<u64>)> = convs(&rows)
        .iter()
        .flat_map(|it| {
            let sizes = it.weight_shape.clone().unwrap().sizes().unwrap();
            let bias = (it.bias.clone().unwrap(), vec![sizes[0]]);
            [(it.weight.clone().unwrap(), sizes), bias]
        })
        .collect();
    let tensors: Vec<(&str, &[u64])> = tensors
        .iter()
        .map(|it| (it.0.as_str(), it.1.as_slice()))
        .collect();
    let model = folder.path().join("s.safetensors");
    write(&model, &tensors, "");
    let printed = geometry_file(&squeezenet, &none()).unwrap();
    fs::write(&file, &printed).unwrap();
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    assert_eq!(counts(&inspection), counts(&rows), "{printed}");
}

#[test]
fn a_form_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("a.safetensors");
    write(&model, ALEXNET, "");
    let form = geometry_file(&model, &none()).unwrap();
    assert!(
        form.contains("{ conv = \"conv1\", stride = \"?\", pad = \"?\" },  # [96, 3, 11, 11]"),
        "{form}"
    );
    let file = folder.path().join("form.toml");
    fs::write(&file, form).unwrap();
    let error = inspect(&model, &with_file(&file)).unwrap_err().to_string();
    assert!(
        error.ends_with("form.toml:4: input is still \"?\""),
        "{error}"
    );
}

#[test]
fn a_geometry_that_does_not_fit_is_an_error_with_its_line() {
    let cases = [
        (
            "{ conv = \"conv6\" }",
            "net.toml:2: no tensor \"conv6\" or \"conv6.weight\" (did you mean \"conv1\"?)",
        ),
        (
            "{ conv = \"conv1\", stride = 64 },\n{ conv = \"conv2\" }",
            "net.toml:3: conv2: a 5x5 kernel does not fit a 4x4 input",
        ),
        (
            "{ conv = \"conv1\", from = \"stem\" }",
            "net.toml:2: from = \"stem\" is not an earlier layer",
        ),
        (
            "{ conv = \"conv1\", padding = 1 }",
            "net.toml:2: unknown key \"padding\" (did you mean \"pad\"?)",
        ),
        (
            "{ conv = \"conv1\", stride = [1, 2, 3] }",
            "net.toml:2: conv1: stride has 3 values, expected 1 or 2",
        ),
        (
            "{ conv = \"conv1\", out = [3] }",
            "net.toml:2: out has 1 values, expected 2",
        ),
        (
            "{ conv = \"conv2\" }",
            "net.toml:2: conv2 takes 48 channels but the input has 3",
        ),
        (
            "{ conv = \"fc6\" }",
            "net.toml:2: fc6: shape [4096, 9216] is not a convolution's, which has 3 to 5 axes",
        ),
        (
            "{ conv = \"conv1\", stride = 0 }",
            "net.toml:2: conv1: stride is 0, and must be at least 1",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(&model, ALEXNET, "");
    for (lines, expected) in cases {
        fs::write(
            &file,
            format!("layers = [\n{lines}\n]\ninput = \"3x227x227\"\n"),
        )
        .unwrap();
        let error = inspect(&model, &with_file(&file)).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{lines}: {error}");
    }
}

#[test]
fn what_the_geometry_leaves_out_is_in_no_total() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(&model, ALEXNET, "");
    let text = "input = \"3x227x227\"\nlayers = [{ conv = \"conv1\", stride = 4 }, { conv = \"conv2\", aux = true, side = true }]";
    fs::write(&file, text).unwrap();
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    let totals = &inspection.totals.conv;
    assert_eq!(totals.layers, 1);
    assert_eq!(totals.stored.unwrap().0, 34_944);
    assert_eq!(totals.unshared.unwrap().0, 105_705_600);
    let asides: Vec<_> = convs(&inspection)
        .iter()
        .map(|it| (it.aux, it.not_covered))
        .collect();
    let expected = [
        (false, false),
        (true, false),
        (false, true),
        (false, true),
        (false, true),
    ];
    assert_eq!(asides, expected);
    let said = &inspection
        .warnings
        .iter()
        .find(|it| it.rule == "not-covered")
        .unwrap()
        .message;
    assert_eq!(
        said,
        "the geometry leaves out 3 of 5 convolutions, which count in no total: \"conv3\", \"conv4\", \"conv5\""
    );
}

#[test]
fn every_layout_gives_the_same_counts() {
    let torch: Rows<'_> = &[
        ("c1.weight", &[16, 3, 3, 3]),
        ("c2.weight", &[32, 16, 3, 3]),
    ];
    let ohwi: Rows<'_> = &[
        ("c1.weight", &[16, 3, 3, 3]),
        ("c2.weight", &[32, 3, 3, 16]),
    ];
    let hwio: Rows<'_> = &[
        ("c1.kernel", &[3, 3, 3, 16]),
        ("c2.kernel", &[3, 3, 16, 32]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    fs::write(
        &file,
        "input = \"3x8x8\"\nlayers = [{ conv = \"c{1,2}\", pad = \"same\" }]",
    )
    .unwrap();
    for (rows, layout) in [
        (torch, Layout::Oihw),
        (ohwi, Layout::Ohwi),
        (hwio, Layout::Hwio),
    ] {
        write(&model, rows, "");
        for given in [None, Some(layout)] {
            let mut options = with_file(&file);
            options.geometry.layout = given;
            let inspection = inspect(&model, &options).unwrap();
            // 16 · 27 · 64 and 32 · 144 · 64.
            assert_eq!(
                counts(&inspection),
                [(8, 432, 27_648), (8, 4608, 294_912)],
                "{layout:?}"
            );
            let facts = inspection.facts.weight_layout.unwrap();
            assert_eq!((facts.name, facts.given), (layout.name(), given.is_some()));
        }
    }
}

#[test]
fn a_geometry_file_beside_the_model_is_read_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("a.geometry.toml"),
    );
    write(&model, ALEXNET, "");
    fs::write(&file, ALEXNET_227).unwrap();
    let inspection = inspect(&model, &none()).unwrap();
    assert_eq!(counts(&inspection), ALEXNET_COUNTS);
    let detail = inspection.facts.geometry.detail.as_deref();
    assert_eq!(detail, Some("a.geometry.toml beside the model"));
    // A broken neighbour is a warning, and the next source is asked.
    fs::write(&file, "layers = [{ conv = \"conv9\" }]").unwrap();
    let inspection = inspect(&model, &none()).unwrap();
    assert_eq!(inspection.facts.geometry.claim, Claim::Unknown);
    let said = &inspection.warnings[0];
    assert_eq!(said.rule, "neighbour");
    assert!(
        said.message
            .contains("a.geometry.toml:1: no tensor \"conv9\""),
        "{}",
        said.message
    );
}

#[test]
fn the_file_s_own_metadata_may_hold_its_geometry() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("a.safetensors");
    let text = serde_json::to_string(ALEXNET_227).unwrap();
    write(&model, ALEXNET, &format!("\"cnninspect.geometry\":{text}"));
    let inspection = inspect(&model, &none()).unwrap();
    assert_eq!(counts(&inspection), ALEXNET_COUNTS);
    let detail = inspection.facts.geometry.detail.unwrap();
    assert_eq!(detail, "the file's own metadata \"cnninspect.geometry\"");
}

#[test]
fn an_input_is_given_with_or_without_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(&model, ALEXNET, "");
    fs::write(&file, ALEXNET_227.replace("input = \"3x227x227\"", "")).unwrap();
    for sizes in [vec![3, 227, 227], vec![1, 3, 227, 227]] {
        let mut options = with_file(&file);
        options.sizes.inputs = vec![(None, sizes)];
        let inspection = inspect(&model, &options).unwrap();
        assert_eq!(counts(&inspection), ALEXNET_COUNTS);
        assert!(inspection.warnings.is_empty(), "{:?}", inspection.warnings);
    }
    // Without one the sizes stay open, and have names.
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    let conv1 = convs(&inspection)[0];
    let form = "34944 * (floor((height - 11) / 4) + 1) * (floor((width - 11) / 4) + 1)";
    assert_eq!(conv1.formulas["unshared"].to_string(), form);
}

#[test]
fn config_json_tells_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(&model, ALEXNET, "");
    fs::write(&file, ALEXNET_227.replace("input = \"3x227x227\"", "")).unwrap();
    let config = r#"{"architecture":"none","pretrained_cfg":{"input_size":[3,227,227]}}"#;
    fs::write(folder.path().join("config.json"), config).unwrap();
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    assert_eq!(counts(&inspection), ALEXNET_COUNTS);
}

#[test]
fn one_output_size_settles_one_convolution() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("a.safetensors");
    write(&model, ALEXNET, "");
    let mut options = none();
    options.geometry.output_sizes = vec![("conv1".to_owned(), vec![55, 55])];
    let inspection = inspect(&model, &options).unwrap();
    assert_eq!(counts(&inspection), ALEXNET_COUNTS[..1]);
    let facts = &inspection.facts.geometry;
    assert_eq!(
        (facts.source, facts.claim),
        (GeometrySource::Out, Claim::Unknown)
    );
    let sides = [
        ("conv1", 55),
        ("conv2", 27),
        ("conv3", 13),
        ("conv4", 13),
        ("conv5", 13),
    ];
    options.geometry.output_sizes = sides
        .map(|(name, side)| (name.to_owned(), vec![side; 2]))
        .to_vec();
    let inspection = inspect(&model, &options).unwrap();
    assert_eq!(counts(&inspection), ALEXNET_COUNTS);
    assert_eq!(inspection.facts.geometry.claim, Claim::Exact);
    for (name, sizes, expected) in [
        (
            "conv9",
            vec![13, 13],
            "--output-size conv9=13x13: no conv named \"conv9\" (did you mean \"conv1\"?)",
        ),
        (
            "conv1",
            vec![13],
            "--output-size conv1=13: conv1 has 2 spatial axes",
        ),
    ] {
        options.geometry.output_sizes = vec![(name.to_owned(), sizes)];
        let error = inspect(&model, &options).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_tied_weight_is_found_by_its_other_name_and_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(
        &model,
        &[("a.weight", &[3, 3, 3, 3])],
        "\"b.weight\":\"a.weight\"",
    );
    fs::write(
        &file,
        "input = \"3x8x8\"\nlayers = [{ conv = \"a\", pad = 1 }, { conv = \"b\", pad = 1 }]",
    )
    .unwrap();
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    let totals = &inspection.totals.conv;
    // 3 · 27 stored once; used at 64 places twice.
    assert_eq!(
        (
            totals.layers,
            totals.stored.unwrap().0,
            totals.unshared.unwrap().0
        ),
        (2, 81, 2 * 81 * 64)
    );
    assert_eq!(convs(&inspection)[0].tied_with, ["b"]);
}

#[test]
fn a_transposed_convolution_grows_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(
        &model,
        &[
            ("c.weight", &[32, 3, 3, 3]),
            ("u.weight", &[32, 16, 2, 2]),
            ("u.bias", &[16]),
        ],
        "",
    );
    fs::write(&file, "input = \"3x8x8\"\nlayers = [{ conv = \"c\", pad = 1 }, { maxpool = 2 }, { conv = \"u\", stride = 2 }]").unwrap();
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    let up = convs(&inspection)[1];
    assert_eq!(up.op_type, "ConvTranspose");
    assert_eq!(up.output_shape, Some(Shape::known(&[1, 16, 8, 8])));
    // 32 · 16 positions · 16 · 4 taps, and a bias for each of 16 · 64 outputs.
    assert_eq!(up.params.unshared.unwrap().0, 32 * 16 * 16 * 4 + 16 * 64);
}

#[test]
fn branches_are_joined_by_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(
        &model,
        &[
            ("s.weight", &[4, 3, 1, 1]),
            ("a.weight", &[8, 4, 1, 1]),
            ("b.weight", &[8, 4, 3, 3]),
            ("c.weight", &[2, 16, 1, 1]),
        ],
        "",
    );
    let text = r#"
input = "3x8x8"
layers = [
  { conv = "s" },
  { conv = "a" },
  { conv = "b", from = "s", pad = 1 },
  { conv = "c", from = ["a", "b"] },
]
"#;
    fs::write(&file, text).unwrap();
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    assert_eq!(
        convs(&inspection)[3].input_shape,
        Some(Shape::known(&[1, 16, 8, 8]))
    );
    assert!(inspection.warnings.is_empty(), "{:?}", inspection.warnings);
    // Without it the channels do not fit, and that is said.
    fs::write(&file, text.replace("from = [\"a\", \"b\"]", "from = \"b\"")).unwrap();
    let inspection = inspect(&model, &with_file(&file)).unwrap();
    assert_eq!(inspection.warnings[0].rule, "channels");
    assert_eq!(counts(&inspection).len(), 4);
}

#[test]
fn a_model_with_a_graph_takes_no_other() {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/alexnet-2012.onnx");
    let error = inspect(model, &with_file(Path::new("net.toml")))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "--geometry is for models without a graph, and this one has its own"
    );
}

#[test]
fn a_stated_size_is_taken_and_a_contradiction_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (model, file) = (
        folder.path().join("a.safetensors"),
        folder.path().join("net.toml"),
    );
    write(
        &model,
        &[("c.weight", &[4, 3, 3, 3]), ("d.weight", &[2, 4, 1, 1])],
        "",
    );
    let text = "input = \"3x8x8\"\nlayers = [\n{ conv = \"c\", out = [5, 7] },\n{ conv = \"d\" }]";
    fs::write(&file, text).unwrap();
    let mut options = with_file(&file);
    options.verify = Choice::All;
    let inspection = inspect(&model, &options).unwrap();
    let outputs: Vec<_> = convs(&inspection)
        .iter()
        .map(|it| it.output_shape.clone().unwrap())
        .collect();
    assert_eq!(
        outputs,
        [Shape::known(&[1, 4, 5, 7]), Shape::known(&[1, 2, 5, 7])]
    );
    // 8 − 3 + 1 = 6
    let said = &inspection.warnings[0];
    assert_eq!(said.rule, "pinned-size");
    let expected = "line 3 states a size of 5 where stride and padding give 6";
    assert!(said.message.ends_with(expected), "{}", said.message);
    let found: Vec<_> = inspection.verification.iter().map(|it| it.status).collect();
    assert_eq!(found, [Status::NotRun, Status::Confirmed]);
}
