//! What stored tensors are for.

/// What a stored tensor is for. Of several uses the first role here counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Weights of convolutions, matrix products, recurrent operators, embeddings, PRelu's slope.
    Weight,
    /// Biases of convolutions, matrix products and recurrent operators.
    Bias,
    /// Scale and shift of a normalisation.
    NormAffine,
    /// Any other float tensor of more than one element whose values flow into the result.
    Elementwise,
    /// BatchNormalization's mean and variance: buffers, not parameters.
    NormStatistics,
    /// Scales and zero points.
    Quantization,
    /// Shapes, axes, indices, bounds, one-element tensors, fill values.
    Constant,
    /// Reachable from no output of the graph.
    Dead,
}

impl Role {
    /// Every role, in the order in which they count.
    pub const ALL: [Self; 8] = [
        Self::Weight,
        Self::Bias,
        Self::NormAffine,
        Self::Elementwise,
        Self::NormStatistics,
        Self::Quantization,
        Self::Constant,
        Self::Dead,
    ];

    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Bias => "bias",
            Self::NormAffine => "norm_affine",
            Self::Elementwise => "elementwise",
            Self::NormStatistics => "norm_statistics",
            Self::Quantization => "quantization",
            Self::Constant => "constant",
            Self::Dead => "dead",
        }
    }

    /// Whether it counts as a parameter.
    #[must_use]
    pub fn is_parameter(self) -> bool {
        self <= Self::Elementwise
    }
}
