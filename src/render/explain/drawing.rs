//! Windows drawn along each axis, one cell an element.

use std::fmt::Write;

use super::super::text::{width, wrapped};
use crate::explain::{Explanation, Strip};
use crate::units::counted;

/// Columns before the cells, at least.
const MARGIN: usize = 12;

/// Columns between the two parts of an axis whose middle is left out.
const CUT: u64 = 3;

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
    /// Cells before the first element.
    before: u64,
}

impl Shown {
    fn whole(&self) -> bool {
        self.start.saturating_add(self.end) >= self.total
    }

    /// Whether a cell is an element, not padding.
    fn real(&self, strip: &Strip, at: u64) -> bool {
        at >= self.before && at < self.before.saturating_add(strip.size)
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
    let windows = windows(strip);
    let verb = if strip.transposed { "writes" } else { "window" };
    let labels: Vec<String> = windows
        .iter()
        .map(|it| format!("  {verb} {}", counted(u128::from(*it).saturating_add(1))))
        .collect();
    let longest = labels.iter().map(|it| width(it)).max().unwrap_or(0);
    let margin = MARGIN.max(longest.saturating_add(1));
    let Some(shown) = shown(strip, room.saturating_sub(margin)) else {
        let text = format!(
            "{}: not drawn, since its first windows and its last are wider than the page",
            strip.axis
        );
        return wrapped(&text, room);
    };
    let line = |label: &str, cell: &dyn Fn(u64) -> char| {
        let (start, end) = shown.places();
        let cut = if shown.whole() {
            String::new()
        } else {
            format!(" {} ", signs.cut)
        };
        let cells = |it: Vec<u64>| it.into_iter().map(cell).collect::<String>();
        let fill = " ".repeat(margin.saturating_sub(width(label)));
        format!("{label}{fill}{}{cut}{}", cells(start), cells(end))
    };
    let (on, seen) = if strip.transposed {
        ("output", "writes")
    } else {
        ("input", "seen by")
    };
    let counts = line(&format!("  {seen}"), &|at| {
        if shown.real(strip, at) {
            digit(taps(strip, at))
        } else {
            ' '
        }
    });
    let mut out = wrapped(&legend(strip, &shown, signs, counts.contains('+')), room);
    out.push(line(&format!("  {on}"), &|at| {
        if shown.real(strip, at) {
            signs.element
        } else {
            signs.padding
        }
    }));
    for (window, label) in windows.iter().zip(&labels) {
        out.push(line(label, &|at| match place(strip, *window, at) {
            Place::Tap => signs.tap,
            Place::Between => signs.between,
            Place::Outside => ' ',
        }));
    }
    out.push(counts);
    out
}

/// The windows that are drawn: the first three and the last.
fn windows(strip: &Strip) -> Vec<u64> {
    let last = strip.windows.saturating_sub(1);
    let mut windows = vec![0, 1, 2];
    windows.retain(|it| *it < last);
    windows.push(last);
    windows
}

/// What the signs mean, those that are there.
fn legend(strip: &Strip, shown: &Shown, signs: &Signs, many: bool) -> String {
    let on = if strip.transposed { "output" } else { "input" };
    let mut legend = format!(
        "  {}, a cell is an element: {} {on}",
        strip.axis, signs.element
    );
    let padded = strip.pads.0 > 0 || strip.pads.1 > 0;
    let padding = u64::try_from(strip.pads.1).unwrap_or(0);
    let inside = shown
        .before
        .saturating_add(strip.size)
        .saturating_add(padding);
    let outside = match (padded, shown.total > inside) {
        (true, _) if strip.transposed => Some("cropped"),
        (true, false) => Some("padding"),
        (true, true) => Some("padding and past the end"),
        (false, true) => Some("past the end"),
        (false, false) => None,
    };
    if let Some(outside) = outside {
        let _ = write!(legend, ", {} {outside}", signs.padding);
    }
    let _ = write!(legend, ", {} tap", signs.tap);
    if strip.dilation > 1 && strip.kernel > 1 {
        let _ = write!(legend, ", {} skipped", signs.between);
    }
    if !shown.whole() {
        let _ = write!(legend, ", {} left out", signs.cut);
    }
    if many {
        legend.push_str(", + 10 or more");
    }
    legend
}

enum Place {
    Tap,
    Between,
    Outside,
}

/// What a window has at an element of the padded axis.
fn place(strip: &Strip, window: u64, at: u64) -> Place {
    let start = window.saturating_mul(strip.stride);
    let start = start.saturating_add(crop(strip));
    let Some(inside) = at.checked_sub(start) else {
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

/// Elements before the first window: negative padding moves every window on.
fn crop(strip: &Strip) -> u64 {
    u64::try_from(strip.pads.0.saturating_neg()).unwrap_or(0)
}

/// How many windows have a tap at an element.
fn taps(strip: &Strip, at: u64) -> u64 {
    let stride = strip.stride.max(1);
    let Some(at) = at.checked_sub(crop(strip)) else {
        return 0;
    };
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

/// What is drawn of an axis in so many cells: all of it, or as much as there is room for of its start, with
/// three windows, and of its end, with the last one.
fn shown(strip: &Strip, cells: usize) -> Option<Shown> {
    let cells = u64::try_from(cells).ok()?;
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
        .checked_add(reach)?
        .checked_add(crop(strip))?;
    let total = before
        .checked_add(strip.size)?
        .checked_add(after)?
        .max(covered);
    if total <= cells {
        return Some(Shown {
            start: total,
            end: 0,
            total,
            before,
        });
    }
    let end = total
        .checked_sub(covered)?
        .checked_add(reach)?
        .checked_add(strip.stride)?
        .max(4);
    let start = reach
        .checked_add(strip.stride.checked_mul(2)?)?
        .checked_add(crop(strip))?
        .checked_add(2)?
        .max(before.checked_add(3)?);
    let room = cells.checked_sub(CUT)?.checked_sub(end)?;
    (start <= room).then_some(Shown {
        start: room,
        end,
        total,
        before,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(size: u64, pads: (i64, i64), kernel: u64, stride: u64, windows: u64) -> Strip {
        Strip {
            axis: "width".to_owned(),
            size,
            pads,
            kernel,
            stride,
            dilation: 1,
            windows,
            transposed: false,
        }
    }

    #[test]
    fn a_crop_at_the_start_moves_the_windows_on() {
        // A crop of 2: window 1 begins at element 2, and elements 0 and 1 are seen by none.
        // (9 − 2 − 3) / 2 + 1 = 3 windows, on 2–4, 4–6 and 6–8.
        let lines = strip_lines(&strip(9, (-2, 0), 3, 2, 3), true, 80);
        let expected = [
            "  width, a cell is an element: o input, # tap",
            "  input     ooooooooo",
            "  window 1    ###    ",
            "  window 2      ###  ",
            "  window 3        ###",
            "  seen by   001121211",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_window_past_the_end_and_ten_at_one_element_are_in_the_legend() {
        // ⌈(7 − 2) / 2⌉ + 1 = 4: the last window is on elements 6 and 7, of which there is no 7.
        let lines = strip_lines(&strip(7, (0, 0), 2, 2, 4), true, 80);
        assert_eq!(
            lines[0],
            "  width, a cell is an element: o input, . past the end, # tap"
        );
        assert_eq!(lines[1], "  input     ooooooo.");
        // 11 taps, stride 1, padding 5: the middle of 20 elements is seen by 11 windows.
        let lines = strip_lines(&strip(20, (5, 5), 11, 1, 20), true, 80);
        assert!(lines[0].ends_with(", + 10 or more"), "{}", lines[0]);
    }

    #[test]
    fn a_page_is_filled_and_every_window_has_its_name() {
        // 10,000 windows of stride 1: the last one's name needs 15 columns, a space, and the rest is filled.
        let lines = strip_lines(&strip(10_002, (0, 0), 3, 1, 10_000), true, 80);
        assert!(lines.iter().skip(1).all(|it| it.len() == 80), "{lines:#?}");
        assert!(lines[5].starts_with("  window 10,000 "), "{}", lines[5]);
        assert!(lines[6].starts_with("  seen by       123"), "{}", lines[6]);
        assert!(lines[6].ends_with("321"), "{}", lines[6]);
    }
}
