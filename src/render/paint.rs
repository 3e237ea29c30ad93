//! Colours, where they are wanted.

use anstyle::{AnsiColor, Style};

/// What a piece of text is, so how it is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Headers, units, what may be skipped.
    Dim,
    /// Totals.
    Bold,
    /// The bar.
    Bar,
    /// A confirmed layer.
    Good,
    /// A warning or gap.
    Warning,
    /// A mismatch.
    Bad,
}

/// Writes colours, or leaves text as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    /// Whether colours are written.
    pub(super) on: bool,
}

impl Paint {
    /// `text` in the colour of `ink`.
    pub(super) fn with(self, ink: Ink, text: &str) -> String {
        if !self.on || text.is_empty() {
            return text.to_owned();
        }
        let style = style(ink);
        format!("{style}{text}{style:#}")
    }
}

fn style(ink: Ink) -> Style {
    let coloured = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match ink {
        Ink::Dim => Style::new().dimmed(),
        Ink::Bold => Style::new().bold(),
        Ink::Bar => coloured(AnsiColor::Cyan),
        Ink::Good => coloured(AnsiColor::Green),
        Ink::Warning => coloured(AnsiColor::Yellow),
        Ink::Bad => coloured(AnsiColor::Red).bold(),
    }
}
