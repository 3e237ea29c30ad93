//! Recipes: functions that know a family of networks by its tensor table and answer with its geometry.

use super::Plan;
use crate::network::Claim;

/// What the files beside the model, and its metadata, say of the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    /// Architecture by name: timm's `architecture` in `config.json`, as in `resnetaa50`.
    pub architecture: Option<String>,
    /// `model_type` in `config.json`, as transformers writes it.
    pub model_type: Option<String>,
    /// Channels and spatial sizes of the input, from `--input`, `config.json`, `preprocessor_config.json`
    /// or `modelspec.resolution`.
    pub input: Option<Vec<u64>>,
    /// The whole of `config.json`, for what only one family has in it.
    pub config: Option<serde_json::Value>,
}

/// What a recipe knows of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeAnswer {
    /// The geometry; `None` where the recipe knows the family and declines (`config.json` names a twin
    /// whose strides differ), with the reason in `warnings`.
    pub plan: Option<Plan>,
    /// The recipe's name: `resnet`.
    pub name: &'static str,
    /// Whether the file is a known variant.
    pub claim: Claim,
    /// What is to be said beside it: the variant, its twin, or why it is assumed.
    pub detail: Option<String>,
    /// What is odd, one sentence each.
    pub warnings: Vec<String>,
}
