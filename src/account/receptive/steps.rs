//! Where windows stand along one axis, exactly, also where they move by less than a whole step.

/// Windows that repeat with more phases than this are not followed: upsampling 64 times is beyond any network.
const MOST_PHASES: usize = 64;

/// Windows of positions along an axis: position `q·m + r`, with `q` phases, sees `by·m + first ..= by·m + last`
/// of phase `r`. A convolution has one phase; a transposed one or a resize has as many as it makes positions of
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// How far windows move from one round of phases to the next; more than 0.
    by: i64,
    /// First and last element by phase; `None` where a position sees nothing.
    phases: Vec<Option<(i64, i64)>>,
}

impl Steps {
    /// Windows that move by `by` each position.
    pub(super) fn one(by: i64, first: i64, last: i64) -> Option<Self> {
        Self::of(by, vec![Some((first, last))])
    }

    /// Windows by phase.
    pub(super) fn of(by: i64, phases: Vec<Option<(i64, i64)>>) -> Option<Self> {
        let fits = by > 0 && (1..=MOST_PHASES).contains(&phases.len());
        fits.then(|| Self { by, phases }.reduced())
    }

    /// Each position sees itself.
    pub(super) fn identity() -> Self {
        Self {
            by: 1,
            phases: vec![Some((0, 0))],
        }
    }

    fn count(&self) -> Option<i64> {
        i64::try_from(self.phases.len()).ok()
    }

    /// What position `at` sees; `None` past 64 bits.
    #[expect(clippy::option_option, reason = "past 64 bits, or sees nothing")]
    fn window(&self, at: i64) -> Option<Option<(i64, i64)>> {
        let count = self.count()?;
        let round = at.div_euclid(count).checked_mul(self.by)?;
        let phase = usize::try_from(at.rem_euclid(count)).ok()?;
        let Some((first, last)) = *self.phases.get(phase)? else {
            return Some(None);
        };
        Some(Some((first.checked_add(round)?, last.checked_add(round)?)))
    }

    /// What positions `first ..= last` see together.
    #[expect(clippy::option_option, reason = "past 64 bits, or sees nothing")]
    fn span(&self, first: i64, last: i64) -> Option<Option<(i64, i64)>> {
        // A round later a window lies further on, so only the outermost rounds matter.
        let reach = self.count()?.checked_sub(1)?;
        let near = first..=last.min(first.checked_add(reach)?);
        let far = first.max(last.checked_sub(reach)?)..=last;
        let mut all = None;
        for at in near.chain(far) {
            all = hull(all, self.window(at)?);
        }
        Some(all)
    }

    /// These windows, seen by what sees their positions through `outer`.
    pub(super) fn seen_through(&self, outer: &Self) -> Option<Self> {
        let (inner_count, outer_count) = (self.count()?, outer.count()?);
        let rounds = inner_count.checked_div(gcd(outer.by, inner_count))?;
        let count = outer_count.checked_mul(rounds)?;
        let by = outer.by.checked_mul(rounds)?.checked_div(inner_count)?;
        let by = self.by.checked_mul(by)?;
        if usize::try_from(count).ok()? > MOST_PHASES {
            return None;
        }
        let phases = (0..count).map(|at| match outer.window(at)? {
            Some((first, last)) => self.span(first, last),
            None => Some(None),
        });
        Self::of(by, phases.collect::<Option<_>>()?)
    }

    /// The windows of both together; `None` where they do not move alike.
    pub(super) fn with(&self, other: &Self) -> Option<Self> {
        if self == other {
            return Some(self.clone());
        }
        let (mine, theirs) = (self.count()?, other.count()?);
        if self.by.checked_mul(theirs)? != other.by.checked_mul(mine)? {
            return None;
        }
        let rounds = theirs.checked_div(gcd(mine, theirs))?;
        let count = mine.checked_mul(rounds)?;
        if usize::try_from(count).ok()? > MOST_PHASES {
            return None;
        }
        let phases = (0..count).map(|at| Some(hull(self.window(at)?, other.window(at)?)));
        Self::of(self.by.checked_mul(rounds)?, phases.collect::<Option<_>>()?)
    }

    /// The same with as few phases as tell it.
    fn reduced(self) -> Self {
        let count = self.phases.len();
        let fewer = (1..count).find_map(|few| {
            let rounds = count.checked_div(few)?;
            let whole = rounds.checked_mul(few) == Some(count);
            let by = self.by.checked_div(i64::try_from(rounds).ok()?)?;
            let even = by.checked_mul(i64::try_from(rounds).ok()?) == Some(self.by);
            let moved = |it: &Option<(i64, i64)>| match it {
                Some((first, last)) => Some(Some((first.checked_add(by)?, last.checked_add(by)?))),
                None => Some(None),
            };
            let mut pairs = self.phases.iter().zip(self.phases.iter().skip(few));
            let same = whole && even && pairs.all(|(it, next)| moved(it) == Some(*next));
            same.then_some((few, by))
        });
        match fewer {
            Some((few, by)) => Self {
                by,
                phases: self.phases.into_iter().take(few).collect(),
            },
            None => self,
        }
    }

    /// Elements from the first to the last that a position sees, of the phase that sees most.
    pub(super) fn size(&self) -> Option<u64> {
        let sizes = self.phases.iter().flatten().map(|(first, last)| {
            let size = last.checked_sub(*first)?.checked_add(1)?;
            u64::try_from(size).ok()
        });
        let sizes: Option<Vec<u64>> = sizes.collect();
        sizes?.into_iter().max()
    }

    /// The first element that position 0 sees.
    pub(super) fn start(&self) -> Option<i64> {
        self.window(0)?.map(|it| it.0)
    }

    /// How far windows move from one position to the next: so much in so many positions, in lowest terms.
    pub(super) fn stride(&self) -> Option<(u64, u64)> {
        let count = self.count()?;
        let common = gcd(self.by, count);
        let part = |it: i64| u64::try_from(it.checked_div(common)?).ok();
        Some((part(self.by)?, part(count)?))
    }

    /// Whether position 0 sees all of `size` elements.
    pub(super) fn covers(&self, size: u64) -> bool {
        let seen = self.window(0).flatten();
        seen.is_some_and(|(first, last)| {
            let last = last.checked_add(1).and_then(|it| u64::try_from(it).ok());
            first <= 0 && last.is_some_and(|it| it >= size)
        })
    }
}

/// From the first of both to the last.
fn hull(left: Option<(i64, i64)>, right: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (left, right) {
        (Some(left), Some(right)) => Some((left.0.min(right.0), left.1.max(right.1))),
        (one, other) => one.or(other),
    }
}

/// The greatest common divisor of two positive numbers.
pub(super) fn gcd(left: i64, right: i64) -> i64 {
    let (mut left, mut right) = (left.max(1), right.max(0));
    while right != 0 {
        (left, right) = (right, left.checked_rem(right).unwrap_or(0));
    }
    left
}
