//! Names in scope: a graph sees its own values, then those of the graphs around it; the body of a
//! function sees its own only.

use foldhash::HashMap;

use crate::network::ValueId;

/// The names of one graph or function body.
#[derive(Default)]
pub(super) struct Names<'m> {
    /// A function's formal input is `None` where the call leaves it out.
    values: HashMap<&'m [u8], Option<ValueId>>,
    /// Values that the next declaration of a name stands for: a function's formal outputs.
    expected: HashMap<&'m [u8], ValueId>,
    /// Whether the names around it cannot be seen.
    closed: bool,
    /// Values of this scope that the node at work used from within its bodies.
    captured: Vec<ValueId>,
}

/// Scopes, the innermost last.
#[derive(Default)]
pub(super) struct Scopes<'m>(Vec<Names<'m>>);

impl<'m> Scopes<'m> {
    /// Enters a graph.
    pub(super) fn open(&mut self) {
        self.0.push(Names::default());
    }

    /// Enters a function's body, where the names around it cannot be seen.
    pub(super) fn open_closed(
        &mut self,
        values: HashMap<&'m [u8], Option<ValueId>>,
        expected: HashMap<&'m [u8], ValueId>,
    ) {
        self.0.push(Names {
            values,
            expected,
            closed: true,
            captured: Vec::new(),
        });
    }

    /// Leaves the innermost scope.
    pub(super) fn close(&mut self) {
        self.0.pop();
    }

    /// Whether the innermost scope itself has the name.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let innermost = self.0.last();
        innermost.is_some_and(|it| it.values.contains_key(name))
    }

    /// The value that a formal output of this name stands for; once.
    pub(super) fn take_expected(&mut self, name: &[u8]) -> Option<ValueId> {
        self.0.last_mut()?.expected.remove(name)
    }

    /// Gives the innermost scope a name.
    pub(super) fn insert(&mut self, name: &'m [u8], value: ValueId) {
        if let Some(innermost) = self.0.last_mut() {
            innermost.values.insert(name, Some(value));
        }
    }

    /// Finds a name from the inside out; the outer `None` where nothing has it. A value of a scope further
    /// out is noted there as used by the node at work.
    #[expect(clippy::option_option, reason = "not there, or there and left out")]
    pub(super) fn find(&mut self, name: &[u8]) -> Option<Option<ValueId>> {
        let innermost = self.0.len().saturating_sub(1);
        for (depth, names) in self.0.iter_mut().enumerate().rev() {
            if let Some(found) = names.values.get(name).copied() {
                if depth != innermost {
                    names.captured.extend(found);
                }
                return Some(found);
            }
            if names.closed {
                return None;
            }
        }
        None
    }

    /// What the node at work captured of the innermost scope since the last call.
    pub(super) fn take_captured(&mut self) -> Vec<ValueId> {
        let innermost = self.0.last_mut();
        innermost.map_or_else(Vec::new, |it| std::mem::take(&mut it.captured))
    }
}
