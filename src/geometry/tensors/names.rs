//! What names tell.

use super::super::TensorTable;

/// Module and last part of a tensor's name.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

/// Whether the name is that of a module's weight: PyTorch's `weight`, Flax's and Keras' `kernel`.
pub(super) fn is_weight(name: &str) -> bool {
    matches!(split(name).1, "weight" | "kernel")
}

/// Parts of the names of packed weights: GPTQ, AWQ, bitsandbytes, compressed-tensors.
const PACKED: &[&str] = &[
    "qweight",
    "qzeros",
    "absmax",
    "quant_map",
    "weight_packed",
    "weight_scale_inv",
];

/// Parts of the names of low-rank changes: LoRA, LoHa, LoKr.
const LORA: &[&str] = &[
    "lora_down",
    "lora_up",
    "lora_A",
    "lora_B",
    "hada_w1_a",
    "lokr_w1",
];

/// Whether a quantiser has packed weights.
pub(super) fn packed(table: &TensorTable) -> bool {
    table.iter().any(|it| is_packed(&it.name))
}

/// Whether this is a packed weight, or belongs to one.
pub(super) fn is_packed(name: &str) -> bool {
    let leaf = split(name).1;
    PACKED.contains(&leaf) || leaf.starts_with("quant_state")
}

/// Whether the file holds changes to another network's weights.
pub(super) fn lora(table: &TensorTable) -> bool {
    let part = |name: &str| name.split(['.']).any(|it| LORA.contains(&it));
    table.iter().any(|it| part(&it.name))
}

/// Float tensors that are buffers, by the last part of their names.
const BUFFERS: &[&str] = &[
    "relative_coords_table",
    "relative_position_index",
    "position_ids",
    "attn_mask",
    "inv_freq",
    "freqs_cis",
    "anchors",
    "anchor_grid",
    "strides",
    "filt",
    "num_batches_tracked",
];

/// Whether this is a buffer that is no parameter.
pub(super) fn is_buffer(name: &str) -> bool {
    let leaf = split(name).1;
    BUFFERS.contains(&leaf) || leaf.starts_with("anchor_")
}

/// Whether this is a mean or variance of a normalisation.
pub(super) fn is_statistics(name: &str) -> bool {
    matches!(
        split(name).1,
        "running_mean" | "running_var" | "moving_mean" | "moving_variance"
    )
}

/// Whether a module is a normalisation by its name.
pub(super) fn is_norm(module: &str) -> bool {
    let last = split(module).1.to_ascii_lowercase();
    let short = last.trim_end_matches(|it: char| it.is_ascii_digit() || it == '_');
    last.contains("norm") || matches!(short, "bn" | "ln" | "gn")
}

/// Whether a module's matrix is a table of embeddings.
pub(super) fn is_embedding(module: &str) -> bool {
    let last = split(module).1;
    matches!(last, "wte" | "wpe" | "shared")
        || last.ends_with("embeddings")
        || last.ends_with("_embedding")
        || last.ends_with("embed_tokens")
}
