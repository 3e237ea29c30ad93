//! `cnninspect.lock`: saved, compared with, accepted.

use crate::folder::{Folder, LENET, UNET, wider_lenet};

const CONFIG: &str = "[[model]]\npath = \"*.onnx\"\n";

fn saved() -> Folder {
    let folder = Folder::with(&[("lenet.onnx", LENET), ("unet.onnx", UNET)]);
    folder.write("cnninspect.toml", CONFIG.as_bytes());
    let run = folder.run(&["check", "--save-baseline"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), ""),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr, "wrote cnninspect.lock, models: 2\n");
    folder
}

#[test]
fn a_baseline_is_readable_sorted_and_exact() {
    let folder = saved();
    let lock = folder.read("cnninspect.lock");
    // 5·5·1·6 + 6 = 156; ·28·28 = 122,304; without the bias 150·784 = 117,600.
    let row = "\"/c1/Conv\" = { op = \"Conv\", kernel = \"5x5\", output = \"6x28x28\", pads = \"0x0x0x0\", strides = \"1x1\", params = 156, macs = 117600, unshared = 122304 }";
    for line in [
        "version = 1",
        "[model.\"lenet.onnx\"]",
        "params = 61706",
        "data-types = [\"float32\"]",
        row,
    ] {
        assert!(lock.lines().any(|it| it == line), "{line}\n{lock}");
    }
    // What cannot be computed is not there.
    let unet = lock.split("[model.\"unet.onnx\"]").nth(1).unwrap();
    assert!(!unet.contains("macs ="), "{unet}");
    let rows: Vec<&str> = lock.lines().filter(|it| it.starts_with("\"/")).collect();
    let unet = rows.iter().position(|it| it.starts_with("\"/bt")).unwrap();
    assert!(
        rows[..unet].is_sorted() && rows[unet..].is_sorted(),
        "{rows:#?}"
    );
    // Saving it again changes nothing.
    folder.run(&["check", "--save-baseline"]);
    assert_eq!(folder.read("cnninspect.lock"), lock);
}

#[test]
fn what_is_as_before_passes() {
    let run = saved().run(&["check"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.has_line("✓ baseline 14 values as before"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_model_that_changed_by_one_layer_shows_that_layer() {
    let folder = saved();
    folder.write("lenet.onnx", &wider_lenet());
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for line in [
        "✗ params 64,010 baseline 61,706 +2,304 (3.7 %)",
        "changed since the baseline: /c3/Conv +2,304 (kernel 5x5 → 7x7, pads 0x0x0x0 → 1x1x1x1)",
        "✗ macs 646,920 baseline 416,520 +230,400 (55.3 %)",
        "changed since the baseline: /c3/Conv +230,400 (kernel 5x5 → 7x7, pads 0x0x0x0 → 1x1x1x1)",
    ] {
        assert!(run.has_line(line), "{line}\n{}", run.stdout);
    }
    assert!(
        !run.stdout.contains("/c1/Conv") && !run.stdout.contains("/c5/Conv"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_broken_budget_names_what_changed() {
    let folder = saved();
    folder.write("lenet.onnx", &wider_lenet());
    let run = folder.run(&[
        "check",
        "lenet.onnx",
        "--max-params",
        "62k",
        "--tolerance",
        "99%",
    ]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(
        run.has_line("✗ params 64,010 over 62k by 2,010 (3.2 %)"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("changed since the baseline: /c3/Conv +2,304"),
        "{}",
        run.stdout
    );
    assert!(run.has_line("1 model: 1 broken, 14 fine"), "{}", run.stdout);
}

#[test]
fn a_tolerance_holds_in_percent_and_absolute() {
    let folder = saved();
    folder.write("lenet.onnx", &wider_lenet());
    // The parameters move by 2,304, which is 3.7 %; the other numbers may move freely.
    let cases = [
        ("percent enough", "{ percent = 4 }", 0),
        ("percent exceeded", "\"3.5 %\"", 1),
        ("absolute enough", "\"2304\"", 0),
        ("absolute exceeded", "2_303", 1),
        (
            "both, one exceeded",
            "{ percent = 3, absolute = \"2.4 k\" }",
            0,
        ),
        (
            "both, both exceeded",
            "{ percent = 3, absolute = \"2 k\" }",
            1,
        ),
    ];
    for (case, tolerance, code) in cases {
        let config = format!("{CONFIG}tolerance = \"99 %\"\nparams.tolerance = {tolerance}\n");
        folder.write("cnninspect.toml", config.as_bytes());
        let run = folder.run(&["check"]);
        assert_eq!(run.code, Some(code), "{case}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn update_accepts_and_keeps_the_other_models() {
    let folder = saved();
    let before = folder.read("cnninspect.lock");
    folder.write("lenet.onnx", &wider_lenet());
    let run = folder.run(&["check", "lenet.onnx", "--update", "--max-params", "70k"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "wrote cnninspect.lock, models: 1\n"),
        "{}",
        run.stdout
    );
    let after = folder.read("cnninspect.lock");
    assert!(
        after.contains("params = 64010") && !after.contains("params = 61706"),
        "{after}"
    );
    let unet = |lock: &str| {
        lock.split_once("[model.\"unet.onnx\"]")
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(unet(&after), unet(&before));
    assert_eq!(folder.run(&["check"]).code, Some(0));
}

#[test]
fn a_budget_holds_while_a_change_is_accepted() {
    let folder = saved();
    let run = folder.run(&["check", "lenet.onnx", "--update", "--max-params", "1k"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
}

#[test]
fn a_layer_that_came_and_one_that_went_are_told() {
    let folder = saved();
    let lock = folder.read("cnninspect.lock");
    let lock = lock
        .replace("conv-layers = 3", "conv-layers = 4")
        .replace("\"/c5/Conv\" =", "\"/c4/Conv\" =");
    folder.write("cnninspect.lock", lock.as_bytes());
    let run = folder.run(&["check"]);
    assert!(
        run.has_line("✗ conv-layers 3 baseline 4 −1 (25.0 %)"),
        "{}",
        run.stdout
    );
    assert!(
        run.has_line("changed since the baseline: /c4/Conv −48,120 (gone), /c5/Conv +48,120 (new)")
            || run.has_line("changed since the baseline: /c4/Conv (gone), /c5/Conv (new)"),
        "{}",
        run.stdout
    );
}

#[test]
fn names_are_compared_too() {
    let folder = saved();
    let lock = folder
        .read("cnninspect.lock")
        .replace("\"Tanh\"]", "\"Relu\"]");
    folder.write("cnninspect.lock", lock.as_bytes());
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("new Tanh, gone Relu"), "{}", run.stdout);
}

#[test]
fn a_number_that_can_no_longer_be_computed_fails() {
    let folder = saved();
    let sized =
        format!("{CONFIG}[[model]]\npath = \"unet.onnx\"\ndim = {{ height = 64, width = 64 }}\n");
    folder.write("cnninspect.toml", sized.as_bytes());
    assert_eq!(folder.run(&["check", "--save-baseline"]).code, Some(0));
    folder.write("cnninspect.toml", CONFIG.as_bytes());
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("? macs"), "{}", run.stdout);
}

#[test]
fn a_model_that_the_baseline_does_not_know_fails() {
    let folder = saved();
    folder.write(
        "new.onnx",
        &std::fs::read(crate::folder::fixture(LENET)).unwrap(),
    );
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(
        run.has_line("it is not in the baseline; --update takes it in"),
        "{}",
        run.stdout
    );
    assert_eq!(folder.run(&["check", "--update"]).code, Some(0));
    assert_eq!(folder.run(&["check"]).code, Some(0));
}

#[test]
fn a_broken_lock_file_is_shown_with_its_line() {
    let folder = saved();
    let cases = [
        (
            "a merge gone wrong",
            "<<<<<<< ours\nversion = 1\n",
            "cnninspect.lock:1:1",
        ),
        (
            "another version",
            "version = 2\n",
            "version 2 of the lock file, and 1 is known",
        ),
        (
            "a fraction",
            "version = 1\n[model.a]\nparams = 1.5\n",
            "expected a whole number, found float",
        ),
        (
            "an unknown rule",
            "version = 1\n[model.a]\nparam = 1\n",
            "did you mean \"params\"?",
        ),
    ];
    for (case, text, expected) in cases {
        folder.write("cnninspect.lock", text.as_bytes());
        let run = folder.run(&["check"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{case}");
        assert!(run.stderr.contains(expected), "{case}: {}", run.stderr);
    }
}
