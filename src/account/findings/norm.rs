//! Biases that the layer behind makes useless.

use crate::account::rows::ConvLayer;
use crate::account::scene::{Scene, is, output_of};
use crate::network::{Node, Use};

/// A stored bias in front of a norm that is all that reads the convolution.
pub(super) fn bias(scene: Scene<'_>, row: &ConvLayer) -> Option<String> {
    row.bias.as_ref().filter(|_| row.bias_source.is_none())?;
    let output = output_of(scene.network.node(row.node))?;
    let norm = match scene.edges.uses(output) {
        [Use::Node(id, 0)] => scene.network.node(*id),
        _ => return None,
    };
    let name = &norm.name;
    if is(norm, &["BatchNormalization"]) {
        return Some(if in_training(norm) {
            format!("its bias has no effect: BatchNormalization {name:?} takes away the mean")
        } else {
            format!("its bias is one with the shift of BatchNormalization {name:?}")
        });
    }
    is(norm, &["InstanceNormalization"]).then(|| {
        format!("its bias has no effect: InstanceNormalization {name:?} takes away the mean")
    })
}

fn in_training(norm: &Node) -> bool {
    norm.attrs.int_or("training_mode", 0) == Ok(1)
}
