//! What is asked of a model beside its inspection: explanations, what pools save, another model beside it.

use cnninspect::Inspection;
use cnninspect::account::{self, Layer};
use cnninspect::compare::summary::{Model, Summary};
use cnninspect::explain::{self, Answer, Explanation, Question};
use cnninspect::infer::{self, Sizes};
use cnninspect::network::Network;
use cnninspect::render::{COMPARE_FORMATS, Comparing, Drawing, FORMATS, View};

use super::reports;

/// No more layers than this are explained.
const MOST: usize = 4;

/// Explains the first layers of a model, with what each pool saves.
pub(super) fn explained(network: &Network, sizes: &Sizes, view: &View) {
    let edges = network.edges();
    let Ok(shapes) = infer::infer(network, &edges, sizes) else {
        return;
    };
    let mut account = account::account(network, &edges, &shapes);
    account::without_pools(network, &edges, &shapes, &mut account);
    let listed = account.layers.iter().filter_map(|it| match it {
        Layer::Conv(row) => Some(row.name.clone()),
        Layer::Pool(row) => Some(row.name.clone()),
        _ => None,
    });
    let question = Question {
        layers: listed.take(MOST).collect(),
        kind: None,
    };
    match explain::explain(network, &edges, &shapes, &account, &question) {
        Ok(explained) => shown(&explained, view),
        Err(error) => reports::plain(&error.to_string()),
    }
}

fn shown(explained: &[Explanation], view: &View) {
    for step in explained.iter().flat_map(|it| &it.steps) {
        if let Answer::Unknown(reason) = &step.answer {
            assert!(!reason.is_empty(), "{} is unknown unsaid", step.id);
        }
    }
    let drawing = Drawing {
        ascii: view.all,
        none: false,
    };
    for format in FORMATS.iter().filter(|it| it.can_explain()) {
        let mut out = Vec::new();
        let written = format.write_explained("a model.onnx", explained, drawing, view, &mut out);
        written.unwrap();
        reports::read(format.name, &out, view.color);
    }
}

/// A model beside itself: nothing differs.
pub(super) fn compared(it: &Inspection, width: usize) {
    let layers = cnninspect::compare::layers::compare(it, it);
    assert!(layers.is_same(), "a model differs from itself: {layers:?}");
    let column = |path: &str| Model::new(path.to_owned(), Ok(it));
    let unread = Model::new("c".to_owned(), Err("is no model".to_owned()));
    let summary = Summary {
        models: vec![column("a"), column("b"), unread],
    };
    for format in COMPARE_FORMATS {
        for relative in [false, true] {
            let view = Comparing {
                relative,
                ..Comparing::default()
            };
            let mut out = Vec::new();
            let written = format.write(&summary, &view, width, false, &mut out);
            written.unwrap();
            reports::read(format.name, &out, false);
            let view = Comparing {
                all: relative,
                ..view
            };
            out.clear();
            let written = format.write_layers(&layers, None, &view, width, false, &mut out);
            written.unwrap();
            reports::read(format.name, &out, false);
        }
    }
}
