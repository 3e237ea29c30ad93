//! Recipes against tensor tables of published networks, and PyTorch's counts for them.

mod tables;

use self::tables::{Published, counted, published};
use super::*;

fn answer(published: &Published) -> Option<RecipeAnswer> {
    recipe(&published.table, &Hints::default())
}

/// Prints the rows of `KNOWN` for the tables of the file `CNNINSPECT_TABLES`, and what became of the others.
#[test]
#[ignore = "writes the table of known variants from tensor tables of published networks"]
fn print_known_variants() {
    let path = std::env::var("CNNINSPECT_TABLES").unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    for it in published(&text) {
        let Some(modules) = Modules::new(&it.table) else {
            println!("- {} {}: two convolutions of one name", it.library, it.name);
            continue;
        };
        let mut why = vec![];
        let mut found = None;
        for family in FAMILIES {
            if !family.anchors.iter().all(|it| modules.conv(it).is_some()) {
                continue;
            }
            let mut flow = Flow::new(&modules);
            (family.walk)(&mut flow);
            match flow.finish(family.side) {
                Ok(walk) => {
                    found = Some((family, walk));
                    break;
                }
                Err(error) => why.push(format!("{}: {error}", family.name)),
            }
        }
        let Some((family, walk)) = found else {
            println!("- {} {}: {}", it.library, it.name, why.join("; "));
            continue;
        };
        let counted = counted(&walk.plan, &it.table, it.side);
        let right = counted == it.counts;
        let verdict = if right { "+" } else { "!" };
        println!(
            "{verdict} {} {} {} {:#018x} {} {:?} {:?}",
            it.library, it.name, family.name, walk.fingerprint, walk.convs, counted, it.counts
        );
    }
}
