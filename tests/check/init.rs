//! `cnninspect init`: a configuration that a check passes.

use crate::folder::{Folder, LENET, UNET};

#[test]
fn what_init_writes_holds() {
    let folder = Folder::with(&[("models/lenet.onnx", LENET), ("unet.onnx", UNET)]);
    let run = folder.run(&["init"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "wrote cnninspect.toml, models: 2\n")
    );
    let config = folder.read("cnninspect.toml");
    for line in [
        "path = \"models/lenet.onnx\"",
        "params.max = 61_706",
        "# conv-layers.max = 3",
    ] {
        assert!(config.lines().any(|it| it == line), "{line}\n{config}");
    }
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.has_line("2 models: 5 checks pass"), "{}", run.stdout);
}

#[test]
fn every_line_that_init_comments_out_is_one_too() {
    let folder = Folder::with(&[("lenet.onnx", LENET)]);
    folder.run(&["init"]);
    let config = folder.read("cnninspect.toml");
    let (head, models) = config.split_once("\n[[model]]").unwrap();
    // Prose is not meant to be one; from the first model on, every comment is.
    assert!(
        head.lines().all(|it| it.is_empty() || it.starts_with('#')),
        "{head}"
    );
    let models = format!("[[model]]{}", models.replace("# ", ""));
    folder.write("cnninspect.toml", models.as_bytes());
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

#[test]
fn an_existing_configuration_stays_unless_it_is_forced() {
    let folder = Folder::of_lenet("# mine\n");
    let run = folder.run(&["init"]);
    let expected = "error: cnninspect.toml: is there already\nhint: --force replaces it\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), expected));
    assert_eq!(folder.read("cnninspect.toml"), "# mine\n");
    let printed = folder.run(&["init", "--print"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    assert_eq!(folder.run(&["init", "--force"]).code, Some(0));
    assert_eq!(folder.read("cnninspect.toml"), printed.stdout);
}

#[test]
fn what_cannot_be_read_is_said_and_left_out() {
    let folder = Folder::with(&[("lenet.onnx", LENET)]);
    folder.write("broken.onnx", b"");
    let run = folder.run(&["init"]);
    assert_eq!(run.code, Some(0));
    assert!(
        run.stderr
            .starts_with("left out: broken.onnx: is empty (0 bytes)\n"),
        "{}",
        run.stderr
    );
    let empty = Folder::with(&[]);
    let run = empty.run(&["init"]);
    let expected = "error: there is no model to make budgets from\nhint: name one: cnninspect init model.onnx\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), expected));
}

#[test]
fn open_sizes_are_pointed_at() {
    let folder = Folder::with(&[("unet.onnx", UNET)]);
    let run = folder.run(&["init", "--print"]);
    assert!(
        run.stdout.contains("# input = [\"input=1x3x?x?\"]"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("# macs.max = \"4.1 G\"   # unknown here: "),
        "{}",
        run.stdout
    );
}
