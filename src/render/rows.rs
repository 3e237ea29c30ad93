//! Which layers are shown, and in which order.

use std::cmp::{Ordering, Reverse};

use super::View;
use super::column::{Column, Raw};
use crate::Inspection;
use crate::account::{ConvLayer, Layer, PoolLayer};
use crate::tensor::Shape;

/// What every row has, whatever its kind.
pub(super) struct Common<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    pub(super) op_type: &'a str,
    pub(super) domain: &'a str,
    pub(super) scope: &'a str,
    pub(super) output: &'a str,
    pub(super) input_shape: Option<&'a Shape>,
    pub(super) output_shape: Option<&'a Shape>,
}

macro_rules! common {
    ($kind:literal, $row:expr) => {
        Common {
            kind: $kind,
            name: &$row.name,
            op_type: &$row.op_type,
            domain: &$row.domain,
            scope: &$row.scope,
            output: &$row.output,
            input_shape: $row.input_shape.as_ref(),
            output_shape: $row.output_shape.as_ref(),
        }
    };
}

/// The fields that every row has.
pub(super) fn common(layer: &Layer) -> Common<'_> {
    match layer {
        Layer::Conv(row) => common!("conv", row),
        Layer::Pool(row) => common!("pool", row),
        Layer::Linear(row) => common!("linear", row),
        Layer::Recurrent(row) => common!("recurrent", row),
        Layer::Other(row) => common!("other", row),
    }
}

/// The row as a convolution's.
pub(super) fn conv(layer: &Layer) -> Option<&ConvLayer> {
    match layer {
        Layer::Conv(row) => Some(row),
        _ => None,
    }
}

/// The row as a pool's.
pub(super) fn pool(layer: &Layer) -> Option<&PoolLayer> {
    match layer {
        Layer::Pool(row) => Some(row),
        _ => None,
    }
}

/// The rows that are listed in the file's order: convolutions and pools, every node on request.
pub(super) fn listed<'a>(inspection: &'a Inspection, view: &View) -> Vec<&'a Layer> {
    let wanted = |layer: &&Layer| view.all || matches!(layer, Layer::Conv(_) | Layer::Pool(_));
    inspection.layers.iter().filter(wanted).collect()
}

/// The rows that are shown, and those that are not for `--top`.
pub(super) struct Selection<'a> {
    /// In the order that was asked for.
    pub(super) shown: Vec<&'a Layer>,
    /// The lighter ones that `--top` leaves out.
    pub(super) rest: Vec<&'a Layer>,
}

impl<'a> Selection<'a> {
    /// Every row that is listed, shown or not.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Layer> + Clone {
        self.shown.iter().chain(&self.rest).copied()
    }
}

/// Picks and sorts the rows.
pub(super) fn selection<'a>(inspection: &'a Inspection, view: &View) -> Selection<'a> {
    let mut shown = listed(inspection, view);
    let mut rest = Vec::new();
    if let Some(top) = view.top {
        shown.sort_by_key(|it| Reverse(unshared(it)));
        rest = shown.split_off(top.min(shown.len()));
    }
    if let Some(column) = view.sort {
        shown.sort_by(|left, right| order(column, left, right));
    }
    Selection { shown, rest }
}

/// The row's locally connected parameters; rows that have none are the lightest.
pub(super) fn unshared(layer: &Layer) -> Option<u128> {
    conv(layer)?.params.unshared.map(|it| it.0)
}

/// Numbers descend, words ascend, rows without the column's value come last.
fn order(column: &Column, left: &Layer, right: &Layer) -> Ordering {
    match ((column.raw)(left), (column.raw)(right)) {
        (Raw::Count(left), Raw::Count(right)) => right.cmp(&left),
        (Raw::Ratio(left), Raw::Ratio(right)) => right.total_cmp(&left),
        (Raw::Text(left), Raw::Text(right)) => left.cmp(&right),
        (Raw::Nothing, Raw::Nothing) => Ordering::Equal,
        (Raw::Nothing, _) => Ordering::Greater,
        (_, Raw::Nothing) => Ordering::Less,
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::column;
    use super::super::sample::alexnet;
    use super::*;

    fn names(view: &View) -> Vec<String> {
        let inspection = alexnet();
        let shown = selection(&inspection, view).shown;
        shown.iter().map(|it| common(it).name.to_owned()).collect()
    }

    #[test]
    fn the_heaviest_come_first_and_the_rest_is_kept_apart() {
        let view = View {
            top: Some(3),
            ..View::default()
        };
        // 224,135,424 > 149,585,280 > 112,205,184
        assert_eq!(names(&view), ["conv2", "conv3", "conv4"]);
        assert_eq!(selection(&alexnet(), &view).rest.len(), 5);
    }

    #[test]
    fn numbers_descend_and_words_ascend() {
        let by = |name| View {
            sort: column::find(name),
            ..View::default()
        };
        // Stored: 885,120 > 663,936 > 442,624 > 307,456 > 34,944, pools without in the file's order.
        let stored = [
            "conv3", "conv4", "conv5", "conv2", "conv1", "pool1", "pool2", "pool5",
        ];
        assert_eq!(names(&by("stored")), stored);
        let layer = [
            "conv1", "conv2", "conv3", "conv4", "conv5", "pool1", "pool2", "pool5",
        ];
        assert_eq!(names(&by("layer")), layer);
    }
}
