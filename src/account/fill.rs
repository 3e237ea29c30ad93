//! Numbers, formulas and gaps of a convolution's row.

use super::conv::Rows;
use super::costs::Costs;
use super::count::{Count, Extent, OPEN, TOO_LONG, gap, open, why_open};
use super::geometry::Geometry;
use super::rows::{ConvLayer, ParamCounts};
use super::scene::{input_of, output_of};
use crate::finding::Finding;
use crate::network::ValueId;
use crate::tensor::{Dim, Form, Shape};
use crate::units::{Macs, Params, fraction, grouped};

impl Rows<'_, '_> {
    /// Gaps for shapes that are not known, with the first cause there is.
    pub(super) fn unknown_shapes(&mut self, row: &ConvLayer, geometry: &Geometry) {
        let node = self.scene.network.node(row.node);
        let input = input_of(node, 0);
        self.unknown_shape(
            &row.name,
            "input_shape",
            row.input_shape.as_ref(),
            input,
            None,
        );
        let problem = geometry.problem.as_deref();
        let output = output_of(node);
        self.unknown_shape(
            &row.name,
            "output_shape",
            row.output_shape.as_ref(),
            output,
            problem,
        );
        if row
            .weight_shape
            .as_ref()
            .is_none_or(|it| it.0.contains(&Dim::Unknown))
        {
            let weight = input_of(node, geometry.operator.weight);
            self.unknown_shape(
                &row.name,
                "weight_shape",
                row.weight_shape.as_ref(),
                weight,
                None,
            );
        }
    }

    /// A gap where `shape` has a size that is neither a number nor a formula.
    pub(super) fn unknown_shape(
        &mut self,
        layer: &str,
        what: &str,
        shape: Option<&Shape>,
        value: Option<ValueId>,
        problem: Option<&str>,
    ) {
        let known = shape.is_some_and(|it| !it.0.contains(&Dim::Unknown));
        if known && problem.is_none() {
            return;
        }
        let why = || why_open(self.scene.shapes, value);
        let reason = problem.map_or_else(why, str::to_owned);
        self.gaps.push(gap(layer, what, reason));
    }

    /// Puts the counts into the row: a number, a formula, or a gap.
    pub(super) fn fill(&mut self, row: &mut ConvLayer, costs: &Costs, stored: &Count) {
        let counts = [
            ("shared", "params.shared", &costs.shared),
            ("stored", "params.stored", stored),
            ("unshared", "params.unshared", &costs.unshared),
            ("dense", "params.dense", &costs.dense),
            ("macs", "macs", &costs.macs),
            ("padding_macs", "padding_macs", &costs.padding_macs),
        ];
        for (name, what, count) in counts {
            match count {
                Count::Exact(_) => {}
                Count::Form(form) => {
                    row.formulas.insert(name, form.clone());
                }
                Count::Unknown(reason) => {
                    let reason = match reason.as_str() {
                        OPEN => open(self.scene.shapes),
                        reason => reason.to_owned(),
                    };
                    self.gaps.push(gap(&row.name, what, reason));
                }
            }
        }
        let params = |count: &Count| count.number().map(Params);
        row.params = ParamCounts {
            shared: params(&costs.shared),
            stored: params(stored),
            unshared: params(&costs.unshared),
            dense: params(&costs.dense),
        };
        row.macs = costs.macs.number().map(Macs);
        row.padding_macs = costs.padding_macs.number().map(Macs);
        let both = row.params.unshared.zip(row.params.shared);
        row.sharing_factor = both.and_then(|(above, below)| fraction(above.0, below.0));
        self.no_factor(row, costs);
    }

    /// A factor that is no number: the output positions as a formula, else a gap.
    fn no_factor(&mut self, row: &mut ConvLayer, costs: &Costs) {
        let reason = match (row.sharing_factor, &costs.unshared) {
            (None, Count::Unknown(reason)) => reason.clone(),
            (None, Count::Exact(_)) => "it holds no parameters".to_owned(),
            (None, Count::Form(unshared)) => {
                let factor = match (row.params.shared, row.op_type.contains("Transpose")) {
                    // What a bias adds for each output position is not what a weight adds for each input one.
                    (Some(shared), true) => unshared.clone().over(shared.0),
                    _ => positions(row),
                };
                match factor {
                    Some(factor) => {
                        row.formulas.insert("sharing_factor", factor);
                        return;
                    }
                    None => TOO_LONG.to_owned(),
                }
            }
            (Some(_), _) => return,
        };
        self.gaps.push(gap(&row.name, "sharing_factor", reason));
    }

    /// The two ways of counting must agree; what a bias computed at run time adds is no disagreement.
    pub(super) fn compare(&mut self, row: &ConvLayer, geometry: &Geometry) {
        let (Some(shared), Some(stored)) = (row.params.shared, row.params.stored) else {
            return;
        };
        let run_time = row.bias_source.is_some();
        let added = run_time.then(|| geometry.filters().map_or(0, u128::from));
        let expected = stored.0.saturating_add(added.unwrap_or(0));
        if expected != shared.0 {
            self.findings.push(Finding::about(
                "stored-mismatch",
                &row.name,
                format!(
                    "its tensors hold {} elements but its geometry needs {}",
                    grouped(&stored.0.to_string()),
                    grouped(&shared.0.to_string()),
                ),
            ));
        }
    }
}

/// The output positions as a formula.
fn positions(row: &ConvLayer) -> Option<Form> {
    match Extent::spatial(row.output_shape.as_ref(), "output positions").times(1) {
        Count::Form(form) => Some(form),
        _ => None,
    }
}
