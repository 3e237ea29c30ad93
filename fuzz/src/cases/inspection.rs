//! A model that could be read, through everything that follows.

use cnninspect::check::{
    self, Against, Baseline, Budget, Config, Model as Measured, ModelRecord, Subject,
};
use cnninspect::read::Model;
use cnninspect::render::{FORMATS, View, find_column};
use cnninspect::verify::{Choice, Status};
use cnninspect::{Inspection, Options};

use super::{LIMITS, again, asked, pick, reports, sums};

/// Sizes that inputs and dimensions are given: ordinary ones, and ones whose products pass 64 and 128 bits.
const SIZES: &[u64] = &[1, 2, 7, 224, 1 << 31, 1 << 40, u64::MAX];

/// Reads the answers back, and asks a second time.
pub(super) fn inspect(mut model: Model, bytes: &[u8], choice: &Choice) {
    let number = pick(bytes);
    let options = options(&model, choice, number);
    let Some(first) = inspected(&mut model, &options) else {
        return;
    };
    let view = view(number);
    let first_json = write(&first, &view);
    sums::agree(&model.network, &first);
    ran(&first);
    if number.is_multiple_of(4) {
        let second = inspected(&mut again(bytes), &options).expect("it was inspected before");
        assert!(first_json == write(&second, &view), "two runs differ");
    }
    if number.is_multiple_of(3) {
        asked::explained(&model.network, &options.sizes, &view);
    }
    if number.is_multiple_of(5) {
        asked::compared(&first, view.width);
    }
    if number.is_multiple_of(2) {
        kept(first);
    }
}

/// A layer that was not run says why; one that was run agrees.
fn ran(it: &Inspection) {
    for layer in &it.verification {
        match layer.status {
            Status::Confirmed => {}
            Status::NotRun => assert!(layer.reason.is_some(), "{layer:?}"),
            Status::Mismatch => panic!("a mismatch: {layer:?}"),
        }
    }
}

fn inspected(model: &mut Model, options: &Options) -> Option<Inspection> {
    let answer = cnninspect::settle(model, options)
        .and_then(|_| cnninspect::inspect_model(model, "a model.onnx", options, &|_| {}));
    answer
        .map_err(|error| reports::plain(&error.to_string()))
        .ok()
}

/// Half of the inputs as they are, the others with sizes for their first input or for all names.
fn options(model: &Model, choice: &Choice, number: u64) -> Options {
    let mut options = Options {
        verify: choice.clone(),
        limits: LIMITS,
        ..Options::default()
    };
    let size = |at: u64| {
        let count = u64::try_from(SIZES.len()).unwrap();
        SIZES[usize::try_from((number >> 8).wrapping_add(at) % count).unwrap()]
    };
    let network = &model.network;
    let inputs = network
        .main()
        .map(|it| it.inputs.as_slice())
        .unwrap_or_default();
    match number % 6 {
        1 => {
            if let Some(input) = inputs.first() {
                let rank = 2 + (number >> 16) % 4;
                let sizes = (0..rank).map(size).collect();
                let name = network.value(*input).name.to_string();
                options.sizes.inputs.push((Some(name), sizes));
            }
        }
        2 => options
            .sizes
            .inputs
            .push((None, vec![1, 3, size(0), size(1)])),
        3 => {
            let names = ["N", "batch", "H", "height", "W", "width", "s0", "x"];
            let dims = names
                .iter()
                .zip(0..)
                .map(|(name, at)| ((*name).to_owned(), size(at)));
            options.sizes.dims.extend(dims);
        }
        _ => {}
    }
    options
}

fn view(number: u64) -> View {
    let columns = ["layer", "stored", "unshared", "output"];
    let columns = columns.iter().filter_map(|it| find_column(it)).collect();
    View {
        all: number.is_multiple_of(3),
        top: (number.is_multiple_of(5)).then_some(2),
        columns: (number.is_multiple_of(7)).then_some(columns),
        sort: find_column("unshared").filter(|_| number.is_multiple_of(11)),
        width: [20, 60, 100, 100][usize::try_from(number % 4).unwrap()],
        color: number.is_multiple_of(13),
    }
}

/// Writes every format, and gives back the JSON document.
fn write(inspection: &Inspection, view: &View) -> Vec<u8> {
    let mut json = Vec::new();
    for format in FORMATS {
        let mut out = Vec::new();
        format.write(inspection, view, &mut out).unwrap();
        reports::read(format.name, &out, view.color);
        if format.name == "json" {
            json.clone_from(&out);
        }
        out.clear();
        format.write_verified(inspection, view, &mut out).unwrap();
        reports::read(format.name, &out, view.color);
    }
    json
}

/// What is written about a model to be read again reads the same, and holds.
fn kept(inspection: Inspection) {
    let key = inspection.path.clone();
    let mut baseline = Baseline::default();
    let record = ModelRecord::of(&Measured::of(&inspection));
    baseline.models.insert(key.clone(), record);
    let text = baseline.to_text();
    let read = Baseline::read("cnninspect.lock", &text).expect("a lock file reads");
    let again = read.to_text();
    assert!(read == baseline, "the lock file\n{text}\nreads as\n{again}");

    let draft = check::draft(&[(key.clone(), inspection.clone())]);
    let config = Config::read("cnninspect.toml", &draft);
    let config = config.unwrap_or_else(|error| panic!("{error}:\n{draft}"));
    let budget = config
        .models
        .first()
        .map_or_else(Budget::default, |it| it.budget.clone());
    let subject = Subject {
        path: key.clone(),
        key,
        budget,
        must_be_in_baseline: true,
        inspection: Ok(inspection),
    };
    let report = check::check(&[subject], Against::Baseline(&baseline));
    assert_eq!(
        report.counts().broken,
        0,
        "a model breaks its own budget:\n{draft}\n{text}"
    );
    reports::check(&report);
}
