//! A folder with models and a configuration, and the binary run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use onnx_protobuf::{Message, ModelProto};

/// LeNet-5, all sizes known. 5·5·1·6 + 6 = 156, 5·5·6·16 + 16 = 2,416, 5·5·16·120 + 120 = 48,120,
/// 120·84 + 84 = 10,164, 84·10 + 10 = 850: 61,706 parameters, 50,692 of them in convolutions.
pub(crate) const LENET: &str = "truth/lenet5.ts.onnx";
/// A U-Net with open height and width.
pub(crate) const UNET: &str = "truth/unet.ts_dyn.onnx";

/// A folder that goes when the test ends.
pub(crate) struct Folder(tempfile::TempDir);

/// What a run left.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

impl Folder {
    /// A folder with copies of fixtures, under these names.
    pub(crate) fn with(models: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, source) in models {
            folder.write(name, &fs::read(fixture(source)).unwrap());
        }
        folder
    }

    /// A folder with LeNet-5 as `lenet.onnx`, and this configuration.
    pub(crate) fn of_lenet(config: &str) -> Self {
        let folder = Self::with(&[("lenet.onnx", LENET)]);
        folder.write("cnninspect.toml", config.as_bytes());
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_in("", arguments)
    }

    /// Runs the binary in a folder inside.
    pub(crate) fn run_in(&self, inside: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
        command
            .args(arguments)
            .current_dir(self.path().join(inside));
        for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        Run::of(&command.output().unwrap())
    }
}

impl Run {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().to_owned();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Whether a line of standard output has these words, whatever the spaces between them.
    pub(crate) fn has_line(&self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split_whitespace().collect();
        let mut lines = self.stdout.lines();
        lines.any(|line| line.split_whitespace().collect::<Vec<_>>() == wanted)
    }
}

/// LeNet-5 with a kernel of 7×7 and a padding of 1 in its second convolution: the same output, and
/// (49 − 25)·6·16 = 2,304 parameters and 2,304·100 = 230,400 multiply-accumulates more.
pub(crate) fn wider_lenet() -> Vec<u8> {
    let mut model = ModelProto::parse_from_bytes(&fs::read(fixture(LENET)).unwrap()).unwrap();
    let graph = model.graph.as_mut().unwrap();
    let node = graph
        .node
        .iter_mut()
        .find(|it| it.name == "/c3/Conv")
        .unwrap();
    for attribute in &mut node.attribute {
        match attribute.name.as_str() {
            "kernel_shape" => attribute.ints = vec![7, 7],
            "pads" => attribute.ints = vec![1; 4],
            _ => {}
        }
    }
    let weight = node.input[1].clone();
    let tensor = graph
        .initializer
        .iter_mut()
        .find(|it| it.name == weight)
        .unwrap();
    tensor.dims = vec![16, 6, 7, 7];
    tensor.raw_data = vec![0; 16 * 6 * 7 * 7 * 4];
    model.write_to_bytes().unwrap()
}
