//! Recipes against tensor tables of published networks, and PyTorch's counts for them.

mod tables;

use self::tables::{Published, counted, published};
use super::*;

/// Names and sizes of tensors, and what PyTorch counted.
const TABLES: &str = include_str!("../../../fixtures/safetensors/tables.txt");

fn answer(published: &Published, hints: &Hints) -> Option<RecipeAnswer> {
    recipe(&published.table, hints)
}

fn called(architecture: &str) -> Hints {
    Hints {
        architecture: Some(architecture.to_owned()),
        ..Hints::default()
    }
}

fn network(name: &str) -> Published {
    let mut all = published(TABLES).into_iter();
    all.find(|it| it.name == name).unwrap()
}

#[test]
fn every_published_network_is_known_and_counted_as_pytorch_counts_it() {
    let mut torchvision = 0;
    for it in published(TABLES) {
        let name = format!("{} {}", it.library, it.name);
        let answer = answer(&it, &Hints::default()).expect(&name);
        let plan = answer.plan.expect(&name);
        assert_eq!(counted(&plan, &it.table, it.side), it.counts, "{name}");
        assert_eq!(answer.claim, Claim::Exact, "{name}");
        torchvision += usize::from(it.library == "torchvision");
    }
    assert_eq!(torchvision, 68);
}

#[test]
fn wrappers_around_the_names_change_nothing() {
    let bare = network("resnet18");
    for prefix in ["module.", "_orig_mod.", "model.backbone."] {
        let answer = recipe(
            &bare.renamed(|it| format!("{prefix}{it}")),
            &Hints::default(),
        );
        let answer = answer.expect(prefix);
        assert_eq!(answer.claim, Claim::Exact, "{prefix}");
        let plan = answer.plan.unwrap();
        let table = bare.renamed(|it| format!("{prefix}{it}"));
        assert_eq!(counted(&plan, &table, 224), bare.counts, "{prefix}");
    }
}

#[test]
fn a_twin_is_named_and_never_answered_by_its_own_name() {
    let resnet50 = network("resnet50");
    let plain = answer(&resnet50, &Hints::default()).unwrap();
    let detail = plain.detail.unwrap();
    assert!(detail.contains("resnetaa50"), "{detail}");
    assert!(detail.contains("runs at twice the side"), "{detail}");
    let twin = answer(&resnet50, &called("resnetaa50.a1h_in1k")).unwrap();
    assert_eq!((twin.claim, twin.plan), (Claim::Unknown, None));
    assert_eq!(
        twin.warnings,
        [
            r#"config.json says "resnetaa50.a1h_in1k", whose tensors equal those of resnet50 but whose strides differ: no recipe for it"#
        ]
    );
}

#[test]
fn a_network_published_only_with_other_strides_is_declined() {
    let resnet18 = network("resnet18");
    let modules = Modules::new(&resnet18.table).unwrap();
    let family = FAMILIES.iter().find(|it| it.name == "resnet").unwrap();
    let walk = walk(family, &modules).unwrap();
    let known = known::Known("seresnextaa201d_32x8d", 0, 0);
    let answer = judge_as(family, walk, Some(&known), &Hints::default());
    assert_eq!((answer.claim, answer.plan), (Claim::Unknown, None));
}

#[test]
fn another_name_in_config_json_is_no_longer_exact() {
    let resnet50 = network("resnet50");
    let cases = [
        ("resnet50.a1_in1k", Claim::Exact),
        ("resnet34", Claim::Assumed),
    ];
    for (name, claim) in cases {
        let answer = answer(&resnet50, &called(name)).unwrap();
        assert_eq!(answer.claim, claim, "{name}");
        assert!(answer.plan.is_some(), "{name}");
    }
}

#[test]
fn an_unknown_variant_is_assumed_and_a_misfit_is_nothing() {
    let resnet18 = network("resnet18");
    // One filter more in the last block, and in the head.
    let wider = resnet18.resized(|name, shape| match name {
        "layer4.1.conv1.weight" => shape[0] = 513,
        "layer4.1.conv2.weight" => shape[1] = 513,
        _ => {}
    });
    let answer = recipe(&wider, &Hints::default()).unwrap();
    assert_eq!(answer.claim, Claim::Assumed);
    assert!(answer.detail.unwrap().contains("20 convolutions"));
    let torn = resnet18.resized(|name, shape| {
        if name == "layer4.1.conv1.weight" {
            shape[0] = 513;
        }
    });
    assert_eq!(recipe(&torn, &Hints::default()), None);
    // As for CIFAR: nothing tells whether the stem strides.
    let small = resnet18.resized(|name, shape| {
        if name == "conv1.weight" {
            *shape = vec![64, 3, 3, 3];
        }
    });
    assert_eq!(recipe(&small, &Hints::default()), None);
}

#[test]
fn a_tensor_without_a_place_is_no_answer() {
    let resnet18 = network("resnet18");
    let more = resnet18.with("decoder.conv.weight", vec![8, 512, 3, 3]);
    assert_eq!(recipe(&more, &Hints::default()), None);
}

/// Every table of the fixture has its row among the known ones. With `CNNINSPECT_TABLES=FILE` it also writes
/// what became of that file's tables to the same name and `.rows`: `+` and a row of `KNOWN` where the counts
/// are PyTorch's, `!` and a row with both counts where not, `-` where no recipe fits.
#[test]
fn published_tables_have_known_rows() {
    if let Ok(path) = std::env::var("CNNINSPECT_TABLES") {
        let all = published(&std::fs::read_to_string(&path).unwrap());
        let rows: Vec<String> = all.iter().map(row).collect();
        std::fs::write(format!("{path}.rows"), rows.concat()).unwrap();
    }
    let known = include_str!("known/table.rs").replace('_', "");
    for it in published(TABLES) {
        let row = row(&it).replace('_', "");
        let fingerprint = row.rsplit(", ").next().unwrap().trim_end();
        assert!(
            row.starts_with("+ ") && known.contains(fingerprint),
            "{row}"
        );
    }
}

fn row(it: &Published) -> String {
    let Published { library, name, .. } = it;
    let walks = Modules::new(&it.table).and_then(|modules| {
        let mut walks = FAMILIES.iter().filter_map(|family| walk(family, &modules));
        walks.next()
    });
    let Some(walk) = walks else {
        return format!("- {library} {name}\n");
    };
    let (convs, fingerprint) = (walk.convs, walk.fingerprint);
    let known = format!("{library} Known(\"{name}\", {convs}, {fingerprint:#018x}),");
    let counted = counted(&walk.plan, &it.table, it.side);
    if counted == it.counts {
        return format!("+ {known}\n");
    }
    format!("! {known} {counted:?}, but {:?}\n", it.counts)
}
