//! The table for people's eyes: what it comes to, a row a layer that differs, sums, and words.

use std::io;

use super::Page;
use super::rows::{Detail, One, Row, rows};
use super::{tensors, totals, words};
use crate::render::paint::{Ink, Paint};
use crate::render::text::{elided, flowed, padded, printable, short_name, width, wrapped};

/// Before every line but the head.
const MARGIN: usize = 1;
const GAP: usize = 2;
/// Between two items.
const SPACE: usize = 3;
/// Room of the mark: the longest is `changed` or `removed`.
const MARK: usize = 7;
/// Room of the labels in front of words.
const LABEL: usize = 9;
/// A layer's name takes at least this.
const LEAST_NAME: usize = 12;
/// What is said of a tensor has at least this much room, where a name can be shortened for it.
const LEAST_SAYS: usize = 30;
/// From this width on counts say from what to what.
const WIDE: usize = 120;

/// Writes the page: sections with an empty line between.
pub(in crate::render::compare) fn write(
    page: &Page<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint { on: page.color };
    let sections = [
        head(page, paint),
        body(page, paint),
        sums(page, paint),
        held(page, paint),
        said(page, paint),
    ];
    let mut first = true;
    for section in sections.iter().filter(|it| !it.is_empty()) {
        if !first {
            writeln!(out)?;
        }
        first = false;
        for line in section {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// The two files, what it comes to, and inputs that differ.
fn head(page: &Page<'_>, paint: Paint) -> Vec<String> {
    let [before, after] = page.layers.paths.each_ref().map(|it| printable(it));
    let one = format!("{before} → {after}");
    let mut out = if width(&one) <= page.width {
        vec![one]
    } else {
        let after = elided(&after, page.width.saturating_sub(2));
        vec![elided(&before, page.width), format!("→ {after}")]
    };
    let headline = unbroken(&tensors::headline(page), page.width);
    out.extend(headline.iter().map(|it| paint.with(Ink::Bold, it)));
    out
}

/// Words in lines; a percent sign stays with its number.
fn unbroken(text: &str, room: usize) -> Vec<String> {
    let lines = wrapped(&text.replace(" %", "\u{a0}%"), room);
    lines.iter().map(|it| it.replace('\u{a0}', " ")).collect()
}

fn body(page: &Page<'_>, paint: Paint) -> Vec<String> {
    let third = page.width / 3;
    let detail = Detail {
        exact: page.width >= WIDE,
        // After `stood after `, beside a name of a third.
        name: third.saturating_sub(4),
    };
    let rows = rows(page, detail);
    let name = name_room(&rows, page.width);
    let lines = rows.iter().flat_map(|it| match it {
        Row::Equal(text) => hanging(&wrapped(text, page.width.saturating_sub(MARGIN)), paint),
        Row::One(it) => row(it, name, page, paint),
    });
    lines.collect()
}

/// Room for the layers' names: a third of the page, up to half of it where what is said of them is short.
fn name_room(rows: &[Row], page: usize) -> usize {
    let ones = || {
        rows.iter().filter_map(|it| match it {
            Row::One(it) => Some(it),
            Row::Equal(_) => None,
        })
    };
    let said = ones().map(|it| it.items.iter().map(|it| width(it) + SPACE).sum::<usize>());
    let left = page.saturating_sub(MARGIN + MARK + 2 * GAP);
    let left = left.saturating_sub(said.max().unwrap_or(0).saturating_sub(SPACE));
    let most = left.clamp(page / 3, page / 2).max(LEAST_NAME);
    let names = ones().map(|it| width(&it.layer));
    names.max().unwrap_or(0).clamp(LEAST_NAME, most)
}

fn hanging(lines: &[String], paint: Paint) -> Vec<String> {
    let margin = " ".repeat(MARGIN);
    let line = |it: &String| format!("{margin}{}", paint.with(Ink::Dim, it));
    lines.iter().map(line).collect()
}

/// A layer's row; what does not fit goes on under its items.
fn row(it: &One, name: usize, page: &Page<'_>, paint: Paint) -> Vec<String> {
    let left = MARGIN + MARK + GAP + name + GAP;
    let room = page.width.saturating_sub(left);
    let items = flowed(&it.items, room);
    let mut items = items.iter().map(|it| elided(it, room));
    let mark = paint.with(it.ink, &padded(it.mark, MARK));
    let layer = padded(&short_name(&it.layer, name), name);
    let (margin, gap) = (" ".repeat(MARGIN), " ".repeat(GAP));
    let head = format!("{margin}{mark}{gap}{layer}{gap}");
    let first = format!("{head}{}", items.next().unwrap_or_default());
    let mut out = vec![first.trim_end().to_owned()];
    out.extend(items.map(|it| format!("{}{it}", " ".repeat(left))));
    out
}

/// The sums: what they are, both numbers, how far apart.
fn sums(page: &Page<'_>, paint: Paint) -> Vec<String> {
    let rows = totals::rows(page);
    let header = ["", "before", "after", "change", ""].map(str::to_owned);
    let mut cells = vec![header];
    cells.extend(rows.into_iter().map(|it| {
        [
            it.label.to_owned(),
            it.before,
            it.after,
            it.change,
            it.percent,
        ]
    }));
    let mut shown = vec![0, 1, 2, 3, 4];
    let widest = |at: usize| {
        let texts = cells.iter().filter_map(|it| it.get(at));
        texts.map(|it| width(it)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..5).map(widest).collect();
    let whole = |shown: &[usize]| {
        let widths = shown.iter().filter_map(|at| widths.get(*at));
        widths.map(|it| it + GAP).sum::<usize>() + MARGIN
    };
    if whole(&shown) > page.width + GAP {
        // The difference can be seen in its percents.
        shown.retain(|it| *it != 3);
    }
    let line = |(at, row): (usize, &[String; 5])| {
        let mut line = " ".repeat(MARGIN);
        for column in &shown {
            let text = row.get(*column).map_or("", String::as_str);
            let room = widths.get(*column).copied().unwrap_or(0);
            if *column == 0 {
                line.push_str(&padded(text, room));
                continue;
            }
            line.push_str(&" ".repeat(GAP + room.saturating_sub(width(text))));
            line.push_str(text);
        }
        let ink = if at == 0 { Some(Ink::Dim) } else { None };
        let line = line.trim_end();
        ink.map_or_else(|| line.to_owned(), |it| paint.with(it, line))
    };
    cells.iter().enumerate().map(line).collect()
}

/// What is said of stored tensors: what it comes to, and a line for each that is not the same.
fn held(page: &Page<'_>, paint: Paint) -> Vec<String> {
    let Some(all) = page.tensors else {
        return vec![];
    };
    let room = page.width.saturating_sub(MARGIN + LABEL + GAP);
    let margin = " ".repeat(MARGIN);
    let gap = " ".repeat(GAP);
    let mut out = Vec::new();
    for (at, line) in wrapped(&tensors::lead(all), room).iter().enumerate() {
        let label = if at == 0 { "tensors" } else { "" };
        let label = paint.with(Ink::Dim, &padded(label, LABEL));
        out.push(format!("{margin}{label}{gap}{line}"));
    }
    let lines = tensors::lines(all, page.all);
    let widest = |of: fn(&tensors::Line) -> &str| lines.iter().map(|it| width(of(it))).max();
    let mark = widest(|it| it.mark).unwrap_or(0);
    let fixed = MARGIN + mark + GAP + GAP;
    let most = page
        .width
        .saturating_sub(fixed + LEAST_SAYS)
        .max(LEAST_NAME);
    let name = widest(|it| &it.name).unwrap_or(0).min(most);
    let left = fixed + name;
    for it in &lines {
        let head = format!(
            "{margin}{}{gap}{}{gap}",
            paint.with(it.ink, &padded(it.mark, mark)),
            padded(&elided(&it.name, name), name)
        );
        let room = page.width.saturating_sub(left);
        for (at, part) in wrapped(&it.says, room).iter().enumerate() {
            let part = elided(part, room);
            let under = " ".repeat(left);
            let before = if at == 0 { &head } else { &under };
            out.push(format!("{before}{part}"));
        }
    }
    out
}

/// Inputs and operators that differ, and notes.
fn said(page: &Page<'_>, paint: Paint) -> Vec<String> {
    let room = page.width.saturating_sub(MARGIN + LABEL + GAP);
    let mut out = Vec::new();
    let mut add = |label: &str, lines: Vec<String>| {
        for (at, line) in lines.into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let label = paint.with(Ink::Dim, &padded(label, LABEL));
            let line = elided(&line, room);
            out.push(format!(
                "{}{label}{}{line}",
                " ".repeat(MARGIN),
                " ".repeat(GAP)
            ));
        }
    };
    for input in words::inputs(page) {
        add("input", wrapped(&input, room));
    }
    add(
        "operators",
        flowed(&words::operators(&page.layers.operators), room),
    );
    for note in words::notes(page) {
        add("note", wrapped(&note, room));
    }
    out
}
