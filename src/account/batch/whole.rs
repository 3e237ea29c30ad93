//! A network with control flow, walked whole with more samples.

use std::collections::{BTreeMap, HashMap};

use crate::account::scene::Scene;
use crate::infer::{Changed, Sizes, Stop, infer};
use crate::network::ValueId;
use crate::op::ShapeError;
use crate::tensor::Shape;

/// What changes where `inputs` have `first` as their first size, and the first node that then fails and did not
/// before. `None` where an input's sizes are open.
pub(super) fn again(
    scene: Scene<'_>,
    inputs: &[ValueId],
    first: u64,
) -> Option<(Changed, Option<Stop>)> {
    let mut sizes = Sizes {
        inputs: vec![],
        dims: BTreeMap::new(),
    };
    for input in &scene.network.main()?.inputs {
        let mut shape = scene.shape(*input).and_then(Shape::sizes)?;
        if inputs.contains(input) {
            *shape.first_mut()? = first;
        }
        let name = scene.network.value(*input).name.to_string();
        sizes.inputs.push((Some(name), shape));
    }
    let after = infer(scene.network, scene.edges, &sizes).ok()?;
    let mut values = HashMap::new();
    for (at, (before, after)) in scene.shapes.values.iter().zip(after.values).enumerate() {
        let same = before.shape == after.shape && before.items == after.items;
        if !same && let Some(value) = ValueId::next(at) {
            values.insert(value, after);
        }
    }
    let takes = |id: &_| {
        let mut inputs = scene.network.node(*id).inputs.iter().flatten();
        inputs.any(|it| values.contains_key(it))
    };
    let nodes = scene.order().into_iter().filter(takes).collect();
    let mut problems = after.problems.iter();
    let new = problems.find(|it| !scene.shapes.problems.contains_key(it.0));
    let stop = new.map(|(id, why)| Stop::Refused(*id, ShapeError::Unknown(why.clone())));
    let changed = Changed {
        values,
        nodes,
        ..Changed::default()
    };
    Some((changed, stop))
}
