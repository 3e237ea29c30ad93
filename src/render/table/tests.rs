//! The table as people see it.

use super::super::sample::{alexnet, conv, conv_totals, empty, open, pool, rendered};
use super::super::{View, find_column};
use super::*;
use crate::finding::{Finding, Gap};
use crate::verify::Status;

fn page(inspection: &Inspection, width: usize) -> String {
    let view = View {
        width,
        ..View::default()
    };
    rendered(inspection, "table", &view)
}

#[test]
fn alexnet_comes_out_as_on_the_slide() {
    let text = page(&alexnet(), 100);
    let expected = [
        " layer  op       window    input      output        stored     unshared  factor  unshared, log ≥10 M",
        " conv1  Conv     11×11 /4  3×227×227  96×55×55      34,944  105,705,600   3,025  ██",
        " pool1  MaxPool  3×3 /2    96×55×55   96×27×27           –            –  4.1 times fewer activations",
        " conv2  Conv g2  5×5 p2    96×27×27   256×27×27    307,456  224,135,424     729  ██",
        " pool2  MaxPool  3×3 /2    256×27×27  256×13×13          –            –  4.3 times fewer",
        " conv5  Conv g2  3×3 p1    384×13×13  256×13×13    442,624   74,803,456     169  ██",
        " 5 convs, 3 pools                                2,334,080  666,434,944   285.5
",
        " parameters   weight 60,954,656   bias 10,568   conv 3.8 %   linear 96.2 %",
        "locally connected 666,434,944   fully connected 67,780,220,800",
        "MACs 665,784,864",
        "Sharing keeps 2,334,080 parameters where locally connected layers would need 666,434,944 (285.5",
        "for conv1 alone it is 34,944 instead of 105,705,600 (3,025 times fewer).",
    ];
    for line in expected {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn every_width_keeps_numbers_whole_and_lines_inside() {
    for room in [60, 72, 80, 90, 100, 120, 160] {
        let text = page(&alexnet(), room);
        for line in text.lines() {
            assert!(width(line) <= room, "{room}: {line}");
        }
        for number in ["34,944", "105,705,600", "666,434,944", "67,780,220,800"] {
            assert!(text.contains(number), "{number} at {room}");
        }
    }
}

#[test]
fn columns_leave_in_the_order_of_the_least_loss() {
    let header = |room| {
        page(&alexnet(), room)
            .lines()
            .find(|it| it.starts_with(" layer"))
            .unwrap()
            .to_owned()
    };
    assert!(header(100).contains("log") && header(100).contains("input"));
    assert!(!header(84).contains("log") && header(84).contains("input"));
    assert!(!header(80).contains("input") && header(80).contains("window"));
}

#[test]
fn without_a_bar_a_pools_factor_says_what_it_counts() {
    assert!(page(&alexnet(), 80).contains("4.1× fewer"));
}

#[test]
fn open_sizes_print_as_formulas() {
    let text = page(&open(), 120);
    assert!(text.contains("34,944 × output positions"), "{text}");
    assert!(
        text.contains("96×(⌊(height−11)/4⌋+1)×(⌊(width−11)/4⌋+1)"),
        "{text}"
    );
    let text = page(&open(), 100);
    assert!(
        text.contains("is open; --dim height=SIZE --dim width=SIZE would settle it"),
        "{text}"
    );
}

#[test]
fn where_there_is_no_room_sizes_have_names_that_are_told_below() {
    let text = page(&open(), 60);
    let row = text.lines().find(|it| it.starts_with(" conv1")).unwrap();
    assert!(row.contains("Conv") && row.contains("96×h1×w1"), "{text}");
    assert!(
        text.contains(" formulas     h1 = ⌊(height−11)/4⌋+1"),
        "{text}"
    );
    assert!(page(&open(), 100).contains("11×11 /4  96×h1×w1"));
    assert!(!page(&open(), 120).contains("h1 ="));
    assert!(row.ends_with("34,944 × output positions"), "{text}");
    assert!(text.lines().all(|it| width(it) <= 60), "{text}");
}

#[test]
fn nothing_to_list_is_said_in_words() {
    let text = page(&empty(), 100);
    assert!(text.contains("no parameters"), "{text}");
    assert!(
        text.contains("No convolution in this file: it has no nodes."),
        "{text}"
    );
    assert!(!text.contains("layer  op"), "{text}");
}

#[test]
fn the_heaviest_are_shown_and_one_line_for_the_rest() {
    let view = View {
        top: Some(2),
        ..View::default()
    };
    let text = rendered(&alexnet(), "table", &view);
    // 34,944 + 663,936 + 442,624 and 105,705,600 + 112,205,184 + 74,803,456
    let rest = " not shown: 3 convs, 3 pools";
    let line = text.lines().find(|it| it.starts_with(rest)).unwrap();
    assert!(
        line.contains("1,141,504") && line.contains("292,714,240"),
        "{line}"
    );
    assert!(text.contains(" 5 convs, 3 pools"), "{text}");
}

#[test]
fn chosen_columns_stand_in_the_order_they_were_asked_for() {
    let names = ["layer", "dense", "macs"];
    let columns = names.iter().filter_map(|it| find_column(it)).collect();
    let view = View {
        columns: Some(columns),
        ..View::default()
    };
    let text = rendered(&alexnet(), "table", &view);
    assert!(
        text.contains(" conv1  44,892,355,200  105,415,200\n"),
        "{text}"
    );
    // The label of the sums has no empty cells to stand in.
    assert!(
        text.contains(" 5 convs, 3 pools\n        67,780,220,800  665,784,864\n"),
        "{text}"
    );
}

fn deep() -> Inspection {
    let mut inspection = alexnet();
    inspection.layers = vec![
        conv("stem", (3, 224), (64, 112), [7, 2, 3, 1]),
        pool("pool", 64, 112, 56),
    ];
    for at in 0..10 {
        let name = format!("/layer1/layer1.{at}/conv1/a_rather_long_name/Conv");
        inspection
            .layers
            .push(conv(&name, (64, 56), (64, 56), [3, 1, 1, 1]));
        inspection
            .layers
            .push(conv("down", (64, 56), (64, 56), [3, 1, 1, 64]));
    }
    inspection
        .layers
        .push(conv("last", (64, 56), (128, 28), [3, 2, 1, 1]));
    inspection.totals.conv = conv_totals(&inspection.layers);
    inspection
}

#[test]
fn a_deep_net_is_parted_where_its_resolution_changes() {
    let text = page(&deep(), 100);
    for size in [" ── 112×112\n", " ── 56×56\n", " ── 28×28\n"] {
        assert_eq!(text.matches(size).count(), 1, "{size:?} in\n{text}");
    }
    assert!(text.contains("Conv dw"), "{text}");
    assert!(text.lines().all(|it| width(it) <= 100), "{text}");
    assert!(text.contains("long_name/Conv"), "{text}");
}

#[test]
fn notes_of_one_reason_stand_in_one_line() {
    let mut inspection = alexnet();
    for layer in ["a", "b", "c"] {
        for what in ["output_shape", "params.unshared"] {
            inspection.gaps.push(Gap {
                layer: layer.to_owned(),
                what: what.to_owned(),
                reason: "height is open; give --input".to_owned(),
            });
        }
    }
    inspection.warnings.push(Finding::about(
        "uneven-stride",
        "conv1",
        "a column is left over".to_owned(),
    ));
    let text = page(&inspection, 100);
    let gap = " gap          layers a, b and 1 more (output_shape, params.unshared): height is open; give --input\n";
    assert!(text.contains(gap), "{text}");
    assert!(
        text.contains(" warning      conv1: a column is left over [uneven-stride]\n"),
        "{text}"
    );
}

#[test]
fn tied_rows_name_the_other_user() {
    let mut inspection = alexnet();
    if let Some(Layer::Conv(row)) = inspection.layers.get_mut(2) {
        row.tied_with = vec!["conv9".to_owned(), "conv10".to_owned()];
    }
    let text = page(&inspection, 130);
    assert!(
        text.contains("tied_with") && text.contains("conv9 and 1 more"),
        "{text}"
    );
}

#[test]
fn colour_changes_no_character() {
    let mut inspection = alexnet();
    inspection.verification[0].status = Status::Mismatch;
    let view = View {
        color: true,
        ..View::default()
    };
    let coloured = rendered(&inspection, "table", &view);
    assert!(coloured.contains('\u{1b}'));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, page(&inspection, 100));
}
