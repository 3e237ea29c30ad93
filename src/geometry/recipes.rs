//! Families of networks that are known by their tensor tables.
//!
//! A recipe walks a family's forward pass over the tensors of a file: each step names a convolution, checks
//! that it takes the channels that are there, and at the end every convolution must have been used once.
//! Strides are not in the tensors, so a walk that fits is an assumption until its [fingerprint](walk::Walk)
//! is that of a [known variant](known).

mod alias;
mod flow;
mod inception;
mod known;
mod mobile;
mod modules;
mod plain;
mod residual;
mod walk;

use self::flow::Flow;
use self::known::Known;
use self::modules::Modules;
use self::walk::Walk;
use super::{Hints, Plan, RecipeAnswer, TensorTable};
use crate::network::Claim;

/// A family of networks under one library's names.
struct Family {
    /// Its name in reports.
    name: &'static str,
    /// Convolutions that it cannot be without.
    anchors: &'static [&'static str],
    /// Its forward pass.
    walk: fn(&mut Flow<'_>),
    /// Height and width of the input that it is published for.
    side: u64,
}

const fn family(
    name: &'static str,
    anchors: &'static [&'static str],
    walk: fn(&mut Flow<'_>),
) -> Family {
    Family {
        name,
        anchors,
        walk,
        side: 224,
    }
}

/// Every family; the first whose walk comes to its end answers.
const FAMILIES: &[Family] = &[
    family(
        "alexnet",
        &["features.0", "features.3", "features.6"],
        plain::alexnet,
    ),
    family("vgg", &["features.0"], plain::vgg),
    family("resnet", &["layer1.0.conv1"], residual::resnet),
    family("densenet", &["features.conv0"], plain::densenet),
    family("squeezenet", &["features.3.squeeze"], plain::squeezenet),
    family(
        "googlenet",
        &["inception3a.branch1.conv"],
        inception::googlenet,
    ),
    Family {
        side: 299,
        ..family(
            "inception_v3",
            &["Mixed_5b.branch1x1.conv"],
            inception::inception_v3,
        )
    },
    family("mobilenet_v2", &["features.1.conv.1"], mobile::mobilenet_v2),
    family(
        "mobilenet_v3",
        &["features.1.block.0.0"],
        mobile::mobilenet_v3,
    ),
    family(
        "efficientnet",
        &["features.1.0.block.0.0"],
        mobile::efficientnet,
    ),
    family(
        "regnet",
        &["trunk_output.block1.block1-0.f.a.0"],
        residual::regnet,
    ),
    family(
        "convnext",
        &["features.1.0.block.0", "features.2.1"],
        residual::convnext_torchvision,
    ),
    family("convnext", &["stem.0", "stages.0.0.dw"], residual::convnext),
    family("shufflenet_v2", &["conv5.0"], residual::shufflenet),
    family("mnasnet", &["layers.8.0.layers.0"], mobile::mnasnet),
    family("efficientnet (timm)", &["conv_stem"], mobile::timm),
    family(
        "mobilenet_v1",
        &["conv_stem.convolution"],
        mobile::mobilenet_v1,
    ),
    family(
        "mobilenet_v2",
        &["conv_stem.first_conv.convolution"],
        mobile::mobilenet_v2_transformers,
    ),
    family(
        "efficientnet",
        &["embeddings.convolution"],
        mobile::efficientnet_transformers,
    ),
];

/// The answer of the first recipe that knows this table.
#[must_use]
pub fn recipe(table: &TensorTable, hints: &Hints) -> Option<RecipeAnswer> {
    let modules = Modules::new(table)?;
    let walks = FAMILIES.iter().filter_map(|family| {
        let walk = walk(family, &modules)?;
        Some((family, walk))
    });
    let (family, walk) = { walks }.next()?;
    Some(judge(family, walk, hints))
}

fn walk(family: &Family, modules: &Modules<'_>) -> Option<Walk> {
    let has_all = family.anchors.iter().all(|it| modules.conv(it).is_some());
    let mut flow = has_all.then(|| Flow::new(modules))?;
    (family.walk)(&mut flow);
    flow.finish(family.side).ok()
}

/// How far a walk that fits is to be believed.
fn judge(family: &Family, walk: Walk, hints: &Hints) -> RecipeAnswer {
    let known = known::find(&walk);
    judge_as(family, walk, known, hints)
}

fn judge_as(family: &Family, walk: Walk, known: Option<&Known>, hints: &Hints) -> RecipeAnswer {
    let architecture = hints.architecture.as_deref();
    let mut warnings = vec![];
    let twin = architecture.filter(|it| known::strides_otherwise(it));
    warnings.extend(twin.map(|it| otherwise(it, known)));
    let only = known.filter(|it| known::strides_otherwise(it.first_name()) && twin.is_none());
    warnings.extend(only.map(|it| otherwise_known(it.first_name())));
    let moved = hints.config.as_ref().and_then(known::other_strides);
    warnings.extend(moved.map(|it| format!("config.json says {it}, which no recipe follows")));
    let declines = !warnings.is_empty();
    let misnamed = known.zip(architecture).filter(|it| !it.0.is_called(it.1));
    let misnamed = misnamed
        .filter(|_| !declines)
        .map(|it| self::misnamed(it.1, it.0));
    warnings.extend(misnamed.clone());
    let (claim, detail) = match (known, misnamed) {
        _ if declines => (Claim::Unknown, None),
        (Some(_), Some(why)) => (Claim::Assumed, Some(why)),
        (Some(known), None) => {
            let (claim, told) = known.told();
            // A name that fits leaves no choice between twins.
            let claim = architecture.map_or(claim, |_| Claim::Exact);
            (claim, Some(told))
        }
        (None, _) => (Claim::Assumed, Some(unknown_variant(family, &walk))),
    };
    let plan = Plan {
        input: hints.input.clone().or(walk.plan.input),
        ..walk.plan
    };
    RecipeAnswer {
        plan: (!declines).then_some(plan),
        name: family.name,
        claim,
        detail,
        warnings,
    }
}

fn otherwise(twin: &str, known: Option<&Known>) -> String {
    let whose = known.map_or("its plain form", Known::first_name);
    format!(
        "config.json says {twin:?}, whose tensors equal those of {whose} but whose strides differ: no recipe for it"
    )
}

fn otherwise_known(name: &str) -> String {
    format!("the convolutions are those of {name}, whose strides no recipe follows")
}

fn misnamed(name: &str, known: &Known) -> String {
    format!(
        "config.json says {name:?}, but the convolutions are those of {}",
        known.first_name()
    )
}

fn unknown_variant(family: &Family, walk: &Walk) -> String {
    format!(
        "fits the names and channels of {}, but no known variant has {} convolutions of these sizes; strides and pools are the family's, and a graph (--graph) would settle them",
        family.name, walk.convs
    )
}

#[cfg(test)]
mod tests;
