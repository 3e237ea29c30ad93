//! Windows drawn along each axis, one cell an element.

use std::fmt::Write;

use super::super::text::{width, wrapped};
use crate::explain::{Explanation, Strip};

/// Columns before the cells.
const MARGIN: usize = 12;

/// Lines for every axis that fits, a word for one that does not; or why there is no drawing.
pub(super) fn lines(it: &Explanation, ascii: bool, room: usize) -> Vec<String> {
    let mut out = Vec::new();
    for strip in &it.picture {
        out.push(String::new());
        out.extend(strip_lines(strip, ascii, room));
    }
    if let Some(reason) = &it.no_picture {
        out.push(String::new());
        let lines = wrapped(&format!("not drawn: {reason}"), room.saturating_sub(2));
        out.extend(lines.iter().map(|it| format!("  {it}")));
    }
    out
}

struct Signs {
    padding: char,
    element: char,
    tap: char,
    between: char,
    cut: char,
}

const BLOCKS: Signs = Signs {
    padding: '░',
    element: '▒',
    tap: '█',
    between: '·',
    cut: '…',
};
const PLAIN: Signs = Signs {
    padding: '.',
    element: 'o',
    tap: '#',
    between: '-',
    cut: '~',
};

/// Elements at the start and at the end that are drawn; everything between is cut out.
struct Shown {
    start: u64,
    end: u64,
    total: u64,
}

impl Shown {
    fn whole(&self) -> bool {
        self.start.saturating_add(self.end) >= self.total
    }

    fn places(&self) -> (Vec<u64>, Vec<u64>) {
        if self.whole() {
            return ((0..self.total).collect(), vec![]);
        }
        (
            (0..self.start).collect(),
            (self.total.saturating_sub(self.end)..self.total).collect(),
        )
    }
}

fn strip_lines(strip: &Strip, ascii: bool, room: usize) -> Vec<String> {
    let signs = if ascii { &PLAIN } else { &BLOCKS };
    let Some((shown, before)) = shown(strip, room) else {
        return super::wrapped(
            &format!(
                "{}: not drawn, since three windows of it are wider than the page",
                strip.axis
            ),
            room,
        );
    };
    let on = if strip.transposed { "output" } else { "input" };
    let pads = if strip.transposed {
        "cropped"
    } else {
        "padding"
    };
    let mut legend = format!(
        "  {}, a cell is an element: {} {on}",
        strip.axis, signs.element
    );
    if strip.pads.0 > 0 || strip.pads.1 > 0 {
        let _ = write!(legend, ", {} {pads}", signs.padding);
    }
    let _ = write!(legend, ", {} tap", signs.tap);
    if strip.dilation > 1 && strip.kernel > 1 {
        let _ = write!(legend, ", {} skipped", signs.between);
    }
    if !shown.whole() {
        let _ = write!(legend, ", {} left out", signs.cut);
    }
    let mut out: Vec<String> = super::wrapped(&legend, room);
    let size = strip.size;
    let real = |at: u64| at >= before && at < before.saturating_add(size);
    let line = |name: &str, cell: &dyn Fn(u64) -> char| {
        let (start, end) = shown.places();
        let cut = if shown.whole() {
            String::new()
        } else {
            format!(" {} ", signs.cut)
        };
        let cells = |it: Vec<u64>| it.into_iter().map(cell).collect::<String>();
        let label = format!("  {name}");
        let fill = MARGIN.saturating_sub(width(&label));
        format!(
            "{label}{}{}{cut}{}",
            " ".repeat(fill),
            cells(start),
            cells(end)
        )
    };
    out.push(line(on, &|at| {
        if real(at) {
            signs.element
        } else {
            signs.padding
        }
    }));
    let last = strip.windows.saturating_sub(1);
    let mut windows = vec![0, 1, 2];
    windows.retain(|it| *it < last);
    windows.push(last);
    for window in windows {
        let name = format!(
            "{} {}",
            if strip.transposed { "writes" } else { "window" },
            window.saturating_add(1)
        );
        let name = if width(&name) + 3 > MARGIN {
            window.saturating_add(1).to_string()
        } else {
            name
        };
        out.push(line(&name, &|at| match place(strip, window, at) {
            Place::Tap => signs.tap,
            Place::Between => signs.between,
            Place::Outside => ' ',
        }));
    }
    let seen = if strip.transposed {
        "writes"
    } else {
        "seen by"
    };
    out.push(line(seen, &|at| {
        if real(at) {
            digit(taps(strip, at))
        } else {
            ' '
        }
    }));
    out
}

enum Place {
    Tap,
    Between,
    Outside,
}

/// What a window has at an element of the padded axis.
fn place(strip: &Strip, window: u64, at: u64) -> Place {
    let start = window.saturating_mul(strip.stride);
    // A crop before the first element moves every window to the left of what is drawn.
    let crop = u64::try_from(strip.pads.0.saturating_neg()).unwrap_or(0);
    let Some(inside) = at.saturating_add(crop).checked_sub(start) else {
        return Place::Outside;
    };
    let dilation = strip.dilation.max(1);
    if inside / dilation >= strip.kernel {
        return Place::Outside;
    }
    match inside % dilation {
        0 => Place::Tap,
        _ if inside / dilation + 1 < strip.kernel => Place::Between,
        _ => Place::Outside,
    }
}

/// How many windows have a tap at an element.
fn taps(strip: &Strip, at: u64) -> u64 {
    let stride = strip.stride.max(1);
    let crop = u64::try_from(strip.pads.0.saturating_neg()).unwrap_or(0);
    let at = at.saturating_add(crop);
    let last = (at / stride).min(strip.windows.saturating_sub(1));
    // From the last window that begins at or before it, back to the first that still reaches it.
    let mut count = 0u64;
    for back in 0..=last.min(strip.kernel.saturating_mul(strip.dilation) / stride + 1) {
        let start = last.saturating_sub(back).saturating_mul(stride);
        let inside = at.saturating_sub(start);
        let dilation = strip.dilation.max(1);
        if inside.is_multiple_of(dilation) && inside / dilation < strip.kernel {
            count = count.saturating_add(1);
        }
    }
    count
}

fn digit(count: u64) -> char {
    u32::try_from(count)
        .ok()
        .and_then(|it| char::from_digit(it, 10))
        .unwrap_or('+')
}

/// What is drawn of an axis, and the cells before its first element.
fn shown(strip: &Strip, room: usize) -> Option<(Shown, u64)> {
    let before = u64::try_from(strip.pads.0).unwrap_or(0);
    let after = u64::try_from(strip.pads.1).unwrap_or(0);
    let reach = strip
        .dilation
        .checked_mul(strip.kernel.checked_sub(1)?)?
        .checked_add(1)?;
    let covered = strip
        .windows
        .checked_sub(1)?
        .checked_mul(strip.stride)?
        .checked_add(reach)?;
    let total = before
        .checked_add(strip.size)?
        .checked_add(after)?
        .max(covered);
    let cells = u64::try_from(room.checked_sub(MARGIN)?).ok()?;
    if total <= cells {
        return Some((
            Shown {
                start: total,
                end: 0,
                total,
            },
            before,
        ));
    }
    let end = total
        .checked_sub(covered)?
        .checked_add(reach)?
        .checked_add(strip.stride)?
        .max(4);
    let start = reach
        .checked_add(strip.stride.checked_mul(2)?)?
        .checked_add(2)?
        .max(before.checked_add(3)?);
    (start.checked_add(end)?.checked_add(3)? <= cells)
        .then_some((Shown { start, end, total }, before))
}
