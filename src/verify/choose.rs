//! Which layers are run.

use globset::Glob;

use super::weights::check_payload;
use crate::account::ConvLayer;
use crate::finding::{closest, listed};
use crate::network::Network;

/// Which layers to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The one with the fewest multiply-accumulates whose weight is stored in the file.
    #[default]
    Cheapest,
    /// The file's first.
    First,
    /// Every one.
    All,
    /// None.
    None,
    /// Those whose name is one of these, or fits one read as a pattern (`block?.*`).
    Named(Vec<String>),
}

/// A layer name that no convolution has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no convolution is named {name:?}; {}", listed(close))]
pub struct UnknownLayer {
    /// As it was given.
    pub name: String,
    /// Names there are, the most similar first.
    pub close: Vec<String>,
}

/// The layers that `wanted` names, each once and in the order of the rows. A name is taken as it stands
/// where a layer has it, else as a pattern: `*`, `?`, `[a-c]`, `{a,b}`, over slashes too.
///
/// # Errors
/// [`UnknownLayer`] for the first that names none.
pub(super) fn named<'a>(
    convs: &[&'a ConvLayer],
    wanted: &[String],
) -> Result<Vec<&'a ConvLayer>, UnknownLayer> {
    let names: Vec<&str> = convs.iter().map(|it| it.name.as_str()).collect();
    let mut chosen = vec![false; convs.len()];
    for name in wanted {
        let fits = matching(&names, name).ok_or_else(|| unknown(&names, name))?;
        for (chosen, fits) in chosen.iter_mut().zip(fits) {
            *chosen |= fits;
        }
    }
    let pairs = convs.iter().zip(chosen);
    Ok(pairs.filter(|it| it.1).map(|it| *it.0).collect())
}

/// Which of `names` the name or pattern `wanted` means; `None` where it means none.
#[must_use]
pub fn matching(names: &[&str], wanted: &str) -> Option<Vec<bool>> {
    let which = |fits: &dyn Fn(&str) -> bool| -> Option<Vec<bool>> {
        let which: Vec<bool> = names.iter().map(|it| fits(it)).collect();
        which.contains(&true).then_some(which)
    };
    which(&|it| it == wanted).or_else(|| {
        let pattern = Glob::new(wanted).ok()?.compile_matcher();
        which(&|it| pattern.is_match(it))
    })
}

fn unknown(names: &[&str], name: &str) -> UnknownLayer {
    UnknownLayer {
        name: name.to_owned(),
        close: closest(names, name),
    }
}

/// The layers in the order in which they are tried for the cheapest: those whose weight is stored
/// and there, then the others, each by their multiply-accumulates; of equals the file's first.
pub(super) fn by_cost<'a>(network: &Network, convs: &[&'a ConvLayer]) -> Vec<&'a ConvLayer> {
    let mut sorted = convs.to_vec();
    sorted.sort_by_key(|it| (!is_there(network, it), it.macs.is_none(), it.macs));
    sorted
}

/// Whether the weight's elements are stored, and can be read as far as is known.
fn is_there(network: &Network, conv: &ConvLayer) -> bool {
    let stored = conv
        .weight_root
        .filter(|_| conv.weight_source != "ConstantOfShape");
    stored.is_some_and(|it| check_payload(&network.initializer(it).tensor).is_ok())
}
