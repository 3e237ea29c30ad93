//! Every verdict: what is printed, and the exit code.

use crate::folder::{Folder, LENET, UNET};

/// Case, budget of LeNet-5, exit code, the line. 61,706 parameters: folder.rs adds them up.
const CASES: &[(&str, &str, i32, &str)] = &[
    (
        "at the most",
        "params.max = 61_706",
        0,
        "✓ params 61,706 at most 61,706 0 to spare",
    ),
    (
        "one over",
        "params.max = 61_705",
        1,
        "✗ params 61,706 over 61,705 by 1 (less than 0.1 %)",
    ),
    (
        "under",
        "params.min = \"62 k\"",
        1,
        "✗ params 61,706 under 62 k by 294 (0.5 %)",
    ),
    (
        "between",
        "params = { min = \"60 k\", max = \"62 k\" }",
        0,
        "✓ params 61,706 within 60 k … 62 k 294 to spare",
    ),
    (
        "a warning",
        "params = { max = 1000, level = \"warn\" }",
        0,
        "! params 61,706 over 1,000 by 60,706 (6070.6 %)",
    ),
    (
        "the user's words",
        "params = { max = 1, message = \"ask Ada\" }",
        1,
        "ask Ada",
    ),
    (
        "the layers that weigh most",
        "params.max = 1",
        1,
        "largest: /c5/Conv 48,120, /f6/Gemm 10,164, /c3/Conv 2,416",
    ),
    // 61,706 · 4 bytes: 241.0 KiB are 246,784 bytes.
    (
        "a difference that rounding hides",
        "weight-bytes.max = \"241.0 KiB\"",
        1,
        "✗ weight-bytes 246,824 B over 246,784 B by 40 B (less than 0.1 %)",
    ),
    (
        "a forbidden operator",
        "operators.deny = [\"Tan*\"]",
        1,
        "✗ operators Tanh not Tan*",
    ),
    (
        "where it is used",
        "operators.deny = [\"AveragePool\"]",
        1,
        "in: /s2/AveragePool, /s4/AveragePool",
    ),
    (
        "an operator that is not allowed",
        "operators.allow = [\"Conv\", \"Gemm\", \"Tanh\", \"Flatten\"]",
        1,
        "✗ operators AveragePool only Conv, Gemm, Tanh, Flatten",
    ),
    (
        "a data type",
        "data-types.allow = [\"float32\"]",
        0,
        "✓ data-types float32 only float32",
    ),
    (
        "another data type",
        "data-types.deny = [\"float*\"]",
        1,
        "✗ data-types float32 not float*",
    ),
    (
        "a layer by name",
        "layer.\"/c5/Conv\".params.max = 48_119",
        1,
        "✗ /c5/Conv params 48,120 over 48,119 by 1 (less than 0.1 %)",
    ),
    (
        "layers by pattern",
        "layer.\"/c*\".params.max = \"50 k\"",
        0,
        "✓ /c5/Conv params 48,120 at most 50 k 1,880 to spare",
    ),
    (
        "how many layers",
        "layer.\"/c*\".params.max = \"50 k\"",
        0,
        "the nearest of 3 layers that hold it",
    ),
    // 28·28·6·26 = 122,304 and 10·10·16·151 = 241,600.
    (
        "a layer's unshared",
        "layer.\"/c3/Conv\".unshared.max = 241_600",
        0,
        "✓ /c3/Conv unshared 241,600 at most 241,600 0 to spare",
    ),
    (
        "a layer that is not there",
        "layer.c9.params.max = 1",
        1,
        "no layer matches \"c9\"",
    ),
    (
        "a slip in a layer's name",
        "layer.\"/c3/Cov\".macs.max = 1",
        1,
        "no layer matches \"/c3/Cov\"; did you mean \"/c3/Conv\"?",
    ),
    (
        "a layer without such a number",
        "layer.\"/Tanh\".macs.max = 1",
        1,
        "no layer that \"/Tanh\" matches has macs",
    ),
];

#[test]
fn every_verdict_has_its_line_and_its_exit_code() {
    for (case, budget, code, line) in CASES {
        let folder = Folder::of_lenet(&format!("[[model]]\npath = \"lenet.onnx\"\n{budget}\n"));
        let run = folder.run(&["check"]);
        assert_eq!(
            run.code,
            Some(*code),
            "{case}: {}{}",
            run.stdout,
            run.stderr
        );
        assert!(run.has_line(line), "{case}: {line}\n{}", run.stdout);
        assert_eq!(run.stderr, "", "{case}");
    }
}

#[test]
fn a_gap_never_passes_unless_it_is_allowed_to() {
    let folder = Folder::with(&[("unet.onnx", UNET)]);
    let open = folder.run(&["check", "unet.onnx", "--max-macs", "900 G"]);
    assert_eq!(open.code, Some(1), "{}", open.stderr);
    assert!(
        open.has_line("? macs unknown at most 900 G"),
        "{}",
        open.stdout
    );
    assert!(
        open.stdout.contains("give --dim height=… --dim"),
        "{}",
        open.stdout
    );
    assert!(open.has_line("1 model: 1 unknown"), "{}", open.stdout);
    let allowed = folder.run(&[
        "check",
        "unet.onnx",
        "--max-macs",
        "900 G",
        "--allow-unknown",
    ]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.stdout);
    assert!(
        allowed.has_line("? macs unknown, allowed at most 900 G"),
        "{}",
        allowed.stdout
    );
    let settled = [
        "check",
        "unet.onnx",
        "--max-macs",
        "900 G",
        "--dim",
        "height=64",
        "--dim",
        "width=64",
    ];
    let settled = folder.run(&settled);
    assert_eq!(settled.code, Some(0), "{}", settled.stdout);
}

#[test]
fn sizes_and_allowances_stand_in_the_configuration_too() {
    let folder = Folder::with(&[("unet.onnx", UNET)]);
    let entry = "[[model]]\npath = \"unet.onnx\"\nunshared.max = \"1 T\"\n";
    let cases = [
        ("open", "", 1),
        ("by dimension", "dim = { height = 64, width = 64 }\n", 0),
        ("by input", "input = [\"input=1x3x64x64\"]\n", 0),
        ("allowed for the model", "allow-unknown = true\n", 0),
        ("allowed for the rule", "unshared.allow-unknown = true\n", 0),
        ("only warned of", "level = \"warn\"\n", 0),
    ];
    for (case, lines, code) in cases {
        folder.write("cnninspect.toml", format!("{entry}{lines}").as_bytes());
        let run = folder.run(&["check"]);
        assert_eq!(run.code, Some(code), "{case}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn every_model_is_checked_before_it_exits() {
    let folder = Folder::with(&[("a.onnx", LENET), ("z.onnx", LENET)]);
    folder.write("broken.onnx", b"\x08\x07 no model");
    let config = "\
[[model]]
path = \"z.onnx\"
params.max = 1

[[model]]
path = \"broken.onnx\"
params.max = 1

[[model]]
path = \"missing/*.onnx\"
params.max = 1

[[model]]
path = \"a.onnx\"
params.max = \"1 M\"
";
    folder.write("cnninspect.toml", config.as_bytes());
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    let places = ["z.onnx", "broken.onnx", "missing/*.onnx", "a.onnx"].map(|name| {
        let mut lines = run.stdout.lines();
        lines
            .position(|it| it == name)
            .unwrap_or_else(|| panic!("{name} is not in {}", run.stdout))
    });
    assert!(places.is_sorted(), "{places:?}");
    assert!(
        run.has_line("could not be checked: no file matches it"),
        "{}",
        run.stdout
    );
    let last = "4 models: 1 broken, 2 could not be checked, 1 fine";
    assert!(run.has_line(last), "{}", run.stdout);
}

#[test]
fn a_pattern_means_every_file_and_a_later_entry_refines() {
    let folder = Folder::with(&[
        ("models/a.onnx", LENET),
        ("models/b.onnx", LENET),
        ("models/deep/c.onnx", LENET),
    ]);
    let config = "\
[defaults]
conv-layers.max = 3

[[model]]
path = \"models/*.onnx\"
params.max = \"60 k\"

[[model]]
path = \"models/b.onnx\"
params.max = \"62 k\"
";
    folder.write("cnninspect.toml", config.as_bytes());
    let run = folder.run(&["check"]);
    assert!(
        run.has_line("✗ params 61,706 over 60 k by 1,706 (2.8 %)"),
        "{}",
        run.stdout
    );
    assert!(
        run.has_line("✓ params 61,706 at most 62 k 294 to spare"),
        "{}",
        run.stdout
    );
    assert!(run.has_line("2 models: 1 broken, 3 fine"), "{}", run.stdout);
}

#[test]
fn named_models_keep_the_budget_of_the_configuration_and_flags_win() {
    let folder =
        Folder::of_lenet("[[model]]\npath = \"lenet.onnx\"\nparams.max = 1\nconv-layers.max = 3\n");
    folder.write("deep/er/note.txt", b"");
    // The configuration is found upwards, and its paths are from its own folder.
    let run = folder.run_in("deep/er", &["check"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.has_line("../../lenet.onnx"), "{}", run.stdout);
    let named = ["check", "../../lenet.onnx", "--max-params", "61_706"];
    let run = folder.run_in("deep/er", &named);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.has_line("✓ conv-layers 3 at most 3 0 to spare"),
        "{}",
        run.stdout
    );
    let alone = [
        "check",
        "../../lenet.onnx",
        "--no-config",
        "--min-params",
        "61k",
    ];
    let run = folder.run_in("deep/er", &alone);
    assert!(run.has_line("1 model: 1 check passes"), "{}", run.stdout);
}

#[test]
fn a_default_on_a_layer_holds_where_the_layer_is() {
    let folder = Folder::with(&[("lenet.onnx", LENET), ("unet.onnx", UNET)]);
    let config = |pattern: &str| {
        format!(
            "[defaults.layer.\"{pattern}\"]\nparams.max = \"1 M\"\n[[model]]\npath = \"*.onnx\"\nparams.max = \"1 M\"\n"
        )
    };
    folder.write("cnninspect.toml", config("/f6/*").as_bytes());
    assert_eq!(folder.run(&["check"]).code, Some(0));
    folder.write("cnninspect.toml", config("/f7/*").as_bytes());
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(
        run.has_line("no layer of any model matches \"/f7/*\""),
        "{}",
        run.stdout
    );
}

#[test]
fn what_could_not_run_is_exit_code_2_and_says_why() {
    let folder = Folder::with(&[("lenet.onnx", LENET)]);
    let cases: &[(&[&str], &str)] = &[
        (
            &["check"],
            "error: there is no model to check, and no cnninspect.toml from here upwards\nhint: name a model, or let \"cnninspect init\" write cnninspect.toml\n",
        ),
        (
            &["check", "--config", "no.toml"],
            "error: no.toml: no such file or folder\n",
        ),
        (
            &[
                "check",
                "lenet.onnx",
                "--max-params",
                "1",
                "--baseline",
                "no.lock",
            ],
            "error: no.lock: no such file or folder\nhint: --save-baseline writes it\n",
        ),
        (
            &[
                "check",
                "lenet.onnx",
                "--max-params",
                "1",
                "-o",
                "lenet.onnx",
            ],
            "error: lenet.onnx: is the model itself\n",
        ),
    ];
    for (arguments, expected) in cases {
        let run = folder.run(arguments);
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (Some(2), *expected),
            "{arguments:?}"
        );
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
    let wrong: &[(&[&str], &str)] = &[
        (
            &["check", "lenet.onnx", "--max-params", "many"],
            "\"many\" is no amount, which is written like \"25.6 M\"",
        ),
        (
            &["check", "lenet.onnx", "--max-weight-bytes", "98M"],
            "\"98M\" could be meant two ways",
        ),
        (
            &["check", "lenet.onnx", "--deny-data-types", "float23"],
            "\"float23\" is no data type; did you mean \"float32\"?",
        ),
        (
            &["check", "lenet.onnx", "--max-parms", "1"],
            "a similar argument exists: '--max-params'",
        ),
        (
            &["check", "--save-baseline", "--update"],
            "cannot be used with",
        ),
        (
            &["check", "-f", "sariff"],
            "a similar value exists: 'sarif'",
        ),
    ];
    for (arguments, expected) in wrong {
        let run = folder.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(
            run.stderr.contains(expected),
            "{arguments:?}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_model_without_any_budget_is_no_success() {
    let folder = Folder::with(&[("lenet.onnx", LENET)]);
    let run = folder.run(&["check", "lenet.onnx"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(
        run.stdout.contains("has no budget and no baseline"),
        "{}",
        run.stdout
    );
}

#[test]
fn two_runs_print_the_same_bytes() {
    let folder = Folder::with(&[("a.onnx", LENET), ("b.onnx", UNET), ("c.onnx", LENET)]);
    folder.write(
        "cnninspect.toml",
        b"[[model]]\npath = \"*.onnx\"\nparams.max = 100_000\n",
    );
    let once = folder.run(&["check"]).stdout;
    assert_eq!(once, folder.run(&["check"]).stdout);
}
