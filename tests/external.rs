//! External data: read from the model's folder, and told of where it is not there or too short.

use std::path::Path;

use cnninspect::read::{self, Options};

#[test]
fn external_data_is_read_from_its_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crafted");
    let model = read::open(&root.join("external.onnx"), &Options::default()).unwrap();
    assert_eq!(model.network.findings, []);
    let whole = std::fs::read(root.join("external.weights.bin")).unwrap();
    let mut total = 0;
    for (_, initializer) in model.network.initializers() {
        let bytes = model.load(&initializer.tensor).unwrap();
        assert!(whole.windows(bytes.len()).any(|it| it == bytes));
        total += bytes.len();
    }
    // Lengths in the file: w1, b1, w2.
    assert_eq!(total, 2_400 + 32 + 4_608);
}

#[test]
fn external_data_that_is_not_there_is_told_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crafted");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::copy(root.join("external.onnx"), &path).unwrap();
    let model = read::open(&path, &Options::default()).unwrap();
    let [finding] = &model.network.findings[..] else {
        panic!("{:?}", model.network.findings);
    };
    let tensors = model.network.initializers.len();
    assert_eq!(tensors, 3);
    assert_eq!(finding.rule, "external-data");
    assert!(
        finding.message.contains("and 2 more is not read: ")
            && finding.message.ends_with("is not there"),
        "{}",
        finding.message
    );
    let error = model
        .load(&model.network.initializers[0].tensor)
        .unwrap_err();
    assert!(error.to_string().ends_with("is not there"), "{error}");
}

#[test]
fn external_data_past_the_end_of_its_file_is_told_with_both_numbers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crafted");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::copy(root.join("external.onnx"), &path).unwrap();
    // The last tensor needs bytes 37,632 to 42,240.
    std::fs::write(folder.path().join("external.weights.bin"), vec![0; 40_000]).unwrap();
    let model = read::open(&path, &Options::default()).unwrap();
    let messages: Vec<_> = model
        .network
        .findings
        .iter()
        .map(|it| &*it.message)
        .collect();
    let expected = "the data of \"w2\" is not read: data up to byte 42,240 of \
                    \"external.weights.bin\" is needed, the file has 40,000 bytes";
    assert_eq!(messages, [expected]);
}
