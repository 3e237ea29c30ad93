//! Formulas as a book, a terminal without Unicode, and TeX have them.

use super::super::text::formula;
use crate::explain::Spelling;
use crate::units::grouped;

/// `⌊(227 + 0 − 11) / 4⌋ + 1`
pub(super) const BOOK: Spelling = Spelling {
    times: " × ",
    minus: " − ",
    brackets: ("(", ")"),
    quotient: |above, below| format!("{above} / {below}"),
    parts_stand_apart: false,
    floor: ("⌊", "⌋"),
    ceil: ("⌈", "⌉"),
    number: |it| grouped(&it.to_string()),
    open: formula,
    name: |it| it.replace('_', " "),
};

/// `floor((227 + 0 - 11) / 4) + 1`
pub(super) const ASCII: Spelling = Spelling {
    times: " x ",
    minus: " - ",
    floor: ("floor(", ")"),
    ceil: ("ceil(", ")"),
    open: str::to_owned,
    ..BOOK
};

/// `\left\lfloor\frac{227 + 0 - 11}{4}\right\rfloor + 1`
pub(super) const TEX: Spelling = Spelling {
    times: " \\times ",
    minus: " - ",
    brackets: ("\\left(", "\\right)"),
    quotient: |above, below| format!("\\frac{{{above}}}{{{below}}}"),
    parts_stand_apart: true,
    floor: ("\\left\\lfloor", "\\right\\rfloor"),
    ceil: ("\\left\\lceil", "\\right\\rceil"),
    number: |it| tex_number(&grouped(&it.to_string())),
    open: tex_text,
    name: |it| format!("\\text{{{}}}", it.replace('_', " ")),
};

fn tex_number(grouped: &str) -> String {
    grouped.replace(',', "{,}")
}

/// A formula in the file's own names, as TeX; letters that TeX would take for a command are left out of it.
pub(super) fn tex_text(plain: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        if !word.is_empty() {
            out.push_str("\\text{");
            out.push_str(&std::mem::take(word).replace('_', "\\_"));
            out.push('}');
        }
    };
    for it in formula(plain).chars() {
        if it.is_alphabetic() || it == '_' || (!word.is_empty() && it.is_alphanumeric()) {
            word.push(it);
            continue;
        }
        flush(&mut word, &mut out);
        match it {
            '⌊' => out.push_str("\\left\\lfloor "),
            '⌋' => out.push_str("\\right\\rfloor "),
            '×' => out.push_str("\\times"),
            '−' => out.push('-'),
            ',' => out.push_str("{,}"),
            '0'..='9' | '+' | '/' | '(' | ')' | ' ' | '.' => out.push(it),
            // A name can hold anything; nothing of it may end the formula or the cell.
            _ => out.push_str("\\cdot "),
        }
    }
    flush(&mut word, &mut out);
    out
}

/// A formula as GitHub finds it; one with an escape in it needs the fence that keeps Markdown out.
pub(super) fn dollars(tex: &str) -> String {
    if tex.contains("\\_") {
        format!("$`{tex}`$")
    } else {
        format!("${tex}$")
    }
}

/// A line in ASCII but for the names that the file gives.
pub(super) fn ascii(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for it in line.chars() {
        match it {
            '×' => out.push('x'),
            '→' => out.push_str("->"),
            '−' | '–' => out.push('-'),
            '…' => out.push_str("..."),
            '⌊' => out.push_str("floor("),
            '⌈' => out.push_str("ceil("),
            '⌋' | '⌉' => out.push(')'),
            other => out.push(other),
        }
    }
    out
}
