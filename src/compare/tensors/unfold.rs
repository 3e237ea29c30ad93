//! Explaining weights that differ by normalisations that the other model folded into them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::By;
use super::fold::{Candidate, Factors, Fold, MOST_LOOKS, bias, find, norms};
use super::matching::Matching;
use super::tally::Content;
use super::work::{Folds, Found, Read, Work};
use crate::account::Role;
use crate::network::NodeId;

impl Work<'_, '_> {
    /// Looks behind weights that differ for normalisations of one model that the other has multiplied into
    /// them, and tells the contents of those that are found.
    pub(super) fn unfold(&self, matching: &Matching<'_, '_>, found: &mut Found) -> Folds {
        let mut folds = Folds::new();
        let biases = self.biases();
        for side in [0, 1] {
            let Some(subject) = self.subjects.get(side) else {
                continue;
            };
            let norms = norms(subject, &matching.alone(side));
            if norms.is_empty() {
                continue;
            }
            let norms: Vec<_> = norms.into_iter().enumerate().collect();
            let candidates = self.candidates(side, matching, found);
            if candidates.len().saturating_mul(norms.len()) > MOST_LOOKS {
                continue;
            }
            let found_here: Vec<_> = candidates
                .into_par_iter()
                .filter_map(|it| Some((it, find(self.subjects, it, &norms, &self.budget)?)))
                .collect();
            let mut taken = BTreeSet::new();
            for (candidate, fold) in found_here {
                if !taken.insert(fold.norm) {
                    continue;
                }
                let Some((_, norm)) = norms.get(fold.norm) else {
                    continue;
                };
                let other = 1_usize.saturating_sub(side);
                let name =
                    |side: usize, at: usize| matching.row(side, at).map(|it| it.name.clone());
                for part in norm.parts.iter().flatten() {
                    let into = name(other, candidate.folded).unwrap_or_default();
                    folds.insert((side, *part), into);
                }
                self.bias(
                    candidate,
                    &fold.factors,
                    &biases,
                    matching,
                    found,
                    &mut folds,
                );
                tell(candidate, fold, found);
            }
        }
        folds
    }

    /// Weights of convolutions that differ.
    fn candidates(
        &self,
        side: usize,
        matching: &Matching<'_, '_>,
        found: &Found,
    ) -> Vec<Candidate> {
        let all = matching.matched().into_iter();
        let different = all.filter(|(before, after, _): &(usize, usize, By)| {
            let read = found.get(&(*before, *after));
            let content = read.and_then(|it| it.content.as_ref());
            let row = self.subjects[0].row(*before);
            matches!(content, Some(Content::Different(_)))
                && row.is_some_and(|it| it.role == Role::Weight && it.shape.len() > 2)
        });
        different
            .map(|(before, after, _)| match side {
                0 => Candidate {
                    side,
                    plain: before,
                    folded: after,
                },
                _ => Candidate {
                    side,
                    plain: after,
                    folded: before,
                },
            })
            .collect()
    }

    /// Explains the bias beside a folded weight.
    fn bias(
        &self,
        candidate: Candidate,
        factors: &Factors,
        biases: &Biases,
        matching: &Matching<'_, '_>,
        found: &mut Found,
        folds: &mut Folds,
    ) {
        let side = candidate.side;
        let other = 1_usize.saturating_sub(side);
        let own = self.beside(side, candidate.plain, biases);
        let Some(folded) = self.beside(other, candidate.folded, biases) else {
            return;
        };
        let content = bias(
            self.subjects,
            side,
            [own, Some(folded)],
            factors,
            &self.budget,
        );
        let Some(content) = content else { return };
        if matching.is_alone(other, folded) {
            let weight = matching.row(side, candidate.plain);
            folds.insert(
                (other, folded),
                weight.map_or(String::new(), |it| it.name.clone()),
            );
            return;
        }
        let pair = own.map(|own| {
            if side == 0 {
                (own, folded)
            } else {
                (folded, own)
            }
        });
        if let Some(read) = pair.and_then(|it| found.get_mut(&it)) {
            read.content = Some(content);
            read.elsewhere = None;
        }
    }

    /// The bias of the layer that a weight belongs to.
    fn beside(&self, side: usize, weight: usize, biases: &Biases) -> Option<usize> {
        let node = self.subjects.get(side)?.row(weight)?.user?.0;
        biases.get(&(side, node)).copied()
    }

    fn biases(&self) -> Biases {
        let mut biases = Biases::new();
        for (side, subject) in self.subjects.iter().enumerate() {
            for (at, row) in subject.rows.iter().enumerate() {
                let node = row.user.filter(|_| row.slot == Some(Role::Bias));
                biases.extend(node.map(|it| ((side, it.0), at)));
            }
        }
        biases
    }
}

/// Biases by side and the node that takes them.
type Biases = BTreeMap<(usize, NodeId), usize>;

fn tell(candidate: Candidate, fold: Fold, found: &mut Found) {
    let Candidate {
        side,
        plain,
        folded,
    } = candidate;
    let pair = if side == 0 {
        (plain, folded)
    } else {
        (folded, plain)
    };
    let read = Read {
        content: Some(fold.content),
        ..Read::default()
    };
    found.insert(pair, read);
}
