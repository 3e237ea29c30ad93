//! Windows of operators that change how densely an axis is sampled.

use super::signed;
use super::steps::{Steps, gcd};
use crate::network::Node;

/// Kernels of more taps than this are not walked for a transposed convolution.
const MOST_TAPS: u64 = 1 << 12;

/// The taps of a transposed convolution, by phase of its output: position `o` sums the taps `t` of the
/// positions `i` with `o = s·i + d·t − p`.
pub(super) fn transposed(kernel: u64, stride: u64, dilation: u64, pad: i64) -> Option<Steps> {
    if kernel > MOST_TAPS {
        return None;
    }
    let (stride, dilation) = (signed(stride)?, signed(dilation)?);
    let mut phases: Vec<Option<(i64, i64)>> = vec![None; usize::try_from(stride).ok()?.min(65)];
    for tap in 0..signed(kernel)? {
        let shift = pad.checked_sub(tap.checked_mul(dilation)?)?;
        // The phase whose position comes out whole.
        let phase = shift.checked_neg()?.rem_euclid(stride);
        let from = phase.checked_add(shift)?.div_euclid(stride);
        let seen = phases.get_mut(usize::try_from(phase).ok()?)?;
        *seen = Some(match *seen {
            Some((first, last)) => (first.min(from), last.max(from)),
            None => (from, from),
        });
    }
    Steps::of(1, phases)
}

/// Where a resize takes an output position from, and how it fills up between positions.
pub(super) struct Sampling {
    /// Whether corners go onto corners.
    corners: bool,
    /// Whether the middle of an element, and not its start, stands for it.
    half: bool,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Floor,
    Ceil,
    RoundDown,
    RoundUp,
    Linear,
    Cubic,
}

impl Sampling {
    /// Reads the attributes of a `Resize` or `Upsample`; `None` for a kind that is not followed.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let old = &*node.op_type == "Upsample" || node.opset < 11;
        let word = |name| node.attrs.string(name).ok();
        let mode = word("mode")?.unwrap_or("nearest");
        let place = word("coordinate_transformation_mode")?;
        let place = place.unwrap_or(if old { "asymmetric" } else { "half_pixel" });
        let nearest = word("nearest_mode")?;
        let nearest = nearest.unwrap_or(if old { "floor" } else { "round_prefer_floor" });
        if node.attrs.int_or("antialias", 0) != Ok(0) {
            return None;
        }
        let kind = match (mode, nearest) {
            ("linear" | "bilinear" | "trilinear", _) => Kind::Linear,
            ("cubic", _) => Kind::Cubic,
            ("nearest", "floor") => Kind::Floor,
            ("nearest", "ceil") => Kind::Ceil,
            ("nearest", "round_prefer_floor") => Kind::RoundDown,
            ("nearest", "round_prefer_ceil") => Kind::RoundUp,
            _ => return None,
        };
        let (corners, half) = match place {
            "half_pixel" | "pytorch_half_pixel" => (false, true),
            "asymmetric" => (false, false),
            "align_corners" => (true, false),
            _ => return None,
        };
        Some(Self {
            corners,
            half,
            kind,
        })
    }

    /// Windows along an axis of `from` elements that becomes one of `to`, by the factor `scale` where sizes
    /// are open.
    pub(super) fn along(
        &self,
        sizes: Option<(u64, u64)>,
        scale: Option<(u64, u64)>,
    ) -> Option<Steps> {
        // `made` output positions stand for `taken` input positions.
        let (made, taken) = match (sizes, scale) {
            (Some((from, to)), _) if self.corners => (to.checked_sub(1)?, from.checked_sub(1)?),
            _ if self.corners => return None,
            (_, Some(scale)) => scale,
            (Some((from, to)), None) => (to, from),
            (None, None) => return None,
        };
        let (made, taken) = (signed(made)?, signed(taken)?);
        let common = gcd(made, taken);
        let (made, taken) = (made.checked_div(common)?, taken.checked_div(common)?);
        if !(1..=64).contains(&made) || taken < 1 {
            return None;
        }
        // Twice the position times `made`, as a whole number.
        let position = |at: i64| {
            if self.half {
                let middle = at.checked_mul(2)?.checked_add(1)?;
                middle.checked_mul(taken)?.checked_sub(made)
            } else {
                at.checked_mul(2)?.checked_mul(taken)
            }
        };
        let phases =
            (0..made).map(|at| Some(Some(self.taps(position(at)?, made.checked_mul(2)?)?)));
        Steps::of(taken, phases.collect::<Option<_>>()?)
    }

    /// The elements that the position `above / below` is made of.
    fn taps(&self, above: i64, below: i64) -> Option<(i64, i64)> {
        let floor = above.div_euclid(below);
        let rest = above.rem_euclid(below);
        let next = floor.checked_add(1)?;
        let half = below.checked_div(2)?;
        let nearest = |up: bool| if up { (next, next) } else { (floor, floor) };
        Some(match self.kind {
            _ if rest == 0 => (floor, floor),
            Kind::Floor => nearest(false),
            Kind::Ceil => nearest(true),
            Kind::RoundDown => nearest(rest > half),
            Kind::RoundUp => nearest(rest >= half),
            Kind::Linear => (floor, next),
            Kind::Cubic => (floor.checked_sub(1)?, next.checked_add(1)?),
        })
    }
}

/// A factor as a fraction of small numbers, where it is one.
pub(super) fn fraction(scale: f64) -> Option<(u64, u64)> {
    (1..=64u32).find_map(|below| {
        let above = scale * f64::from(below);
        let whole = above.round();
        let near = (above - whole).abs() <= 1e-6 * above.abs();
        let fits = near && (1.0..=4096.0).contains(&whole);
        if !fits {
            return None;
        }
        let above = (1..=4096u32).find(|it| (f64::from(*it) - whole).abs() < 0.5)?;
        Some((u64::from(above), u64::from(below)))
    })
}

/// One output position for each of `block` places of an input position: `DepthToSpace`.
pub(super) fn repeated(block: u64) -> Option<Steps> {
    Steps::of(1, vec![Some((0, 0)); usize::try_from(block).ok()?.min(65)])
}
