//! `--sweep`: a model, or layers of it, at a list of sizes.

use std::path::Path;
use std::time::Instant;

use cnninspect::Options;
use cnninspect::explain::Question;
use cnninspect::render::{OutputFormat, View};
use cnninspect::sweep::{Sweep, Swept, sweep};
use cnninspect::units::counted;

use crate::cli::{Common, Deriving, Inspecting};
use crate::{FINE, Failure, VIOLATED, about, keep, say, show};

/// `cnninspect MODEL --sweep SIZES`: the sums at each size.
pub(crate) fn inspect(task: &Inspecting, sizes: &Sweep, common: &Common) -> Result<u8, Failure> {
    let swept = swept(&task.model, &task.options, sizes, None, common)?;
    shown(&swept, task.format, common)?;
    let noted: usize = swept.sizes.iter().map(|it| it.noted).sum();
    if task.strict && noted > 0 {
        if !common.quiet {
            say(&strictly(&swept, noted));
        }
        return Ok(VIOLATED);
    }
    Ok(FINE)
}

/// How much is noted at all sizes together, and the first of it that the result does not list.
fn strictly(swept: &Swept, noted: usize) -> String {
    let what = if noted == 1 {
        "1 warning or gap".to_owned()
    } else {
        let count = counted(u128::try_from(noted).unwrap_or(u128::MAX));
        format!("{count} warnings and gaps at all sizes together")
    };
    let unlisted = swept
        .sizes
        .iter()
        .find_map(|at| Some((at.size, at.unlisted.as_ref()?)));
    match unlisted {
        None => format!("strict: {what}"),
        Some((size, text)) => format!("strict: {what}; not listed above, at {size}: {text}"),
    }
}

/// `cnninspect explain MODEL LAYER --sweep SIZES`: the layers' rows at each size.
pub(crate) fn explain(task: &Deriving, sizes: &Sweep, common: &Common) -> Result<(), Failure> {
    let question = Some(&task.question);
    let swept = swept(&task.model, &task.options, sizes, question, common)?;
    shown(&swept, task.format, common)
}

fn swept(
    model: &Path,
    options: &Options,
    sizes: &Sweep,
    question: Option<&Question>,
    common: &Common,
) -> Result<Swept, Failure> {
    keep(model, common)?;
    let started = Instant::now();
    let swept = sweep(model, options, sizes, question);
    let swept = swept.map_err(|error| about(model, &error, error.hint().as_deref()))?;
    if common.verbose {
        let count = counted(u128::try_from(swept.sizes.len()).unwrap_or(0));
        say(&format!("swept {count} sizes in {:.1?}", started.elapsed()));
    }
    Ok(swept)
}

fn shown(swept: &Swept, format: &OutputFormat, common: &Common) -> Result<(), Failure> {
    show(common, &|page, out| {
        format.write_swept(swept, &page.view(&View::default()), out)
    })
}
