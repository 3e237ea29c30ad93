//! Receptive fields and peak activations of random networks, against tracing every tap and counting every
//! value: the sets of pixels and the lists of values are made here, without a formula. And of published
//! networks, against the numbers that others published.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use cnninspect::account::{Layer, ReceptiveField, widest_field};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect, inspect_model, read};
use onnx_protobuf::{GraphProto, NodeProto, TensorProto};
use support::{bytes, float_value, floats, graph, int, int64s, ints, model, node, string, with};

/// Numbers by Knuth's linear congruence (MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn range(&mut self, from: i64, to: i64) -> i64 {
        let count = u64::try_from(to - from + 1).unwrap();
        from + i64::try_from(self.below(count)).unwrap()
    }
}

/// Pixels that each position depends on; `None` where a tap lies outside: the border is no truth.
type Seen = Vec<Option<BTreeSet<i64>>>;

/// One axis of an operator, as a list of the positions that output position `o` reads.
fn taps(from: &Seen, count: i64, read: impl Fn(i64) -> Vec<i64>) -> Seen {
    let each = (0..count).map(|at| {
        let mut all = BTreeSet::new();
        for tap in read(at) {
            let tap = usize::try_from(tap).ok()?;
            all.extend(from.get(tap)?.as_ref()?);
        }
        Some(all)
    });
    each.collect()
}

fn long(list: &Seen) -> i64 {
    i64::try_from(list.len()).unwrap()
}

#[derive(Clone)]
struct Map {
    name: String,
    channels: i64,
    axes: Vec<Seen>,
    /// How often each axis was made denser: after so many positions windows repeat.
    ups: Vec<i64>,
}

impl Map {
    fn sizes(&self) -> Vec<i64> {
        self.axes.iter().map(long).collect()
    }
}

fn lcm(left: i64, right: i64) -> i64 {
    (1..=right)
        .map(|it| it * left)
        .find(|it| it % right == 0)
        .unwrap()
}

struct Builder {
    random: Random,
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
    /// Rows with what each position of theirs sees.
    rows: BTreeMap<String, Map>,
}

impl Builder {
    fn name(&self) -> String {
        format!("v{}", self.nodes.len())
    }

    /// A value of a floats tensor.
    fn weight(&mut self, dims: &[i64]) -> String {
        let name = format!("w{}", self.tensors.len());
        let count = usize::try_from(dims.iter().product::<i64>()).unwrap();
        self.tensors.push(floats(&name, dims, &vec![1.0; count]));
        name
    }

    fn window(&mut self, map: &Map, kind: &str) -> Option<Map> {
        let axes = map.axes.len();
        let mut each =
            |from, to| -> Vec<i64> { (0..axes).map(|_| self.random.range(from, to)).collect() };
        let transposed = kind == "ConvTranspose";
        let (mut kernel, mut stride) = (each(1, 5), each(1, 3));
        let dilation = if kind == "AveragePool" {
            vec![1; axes]
        } else {
            each(1, 2)
        };
        if transposed {
            // Every output position must see something.
            stride = stride.iter().map(|it| (*it).min(2)).collect();
            kernel = kernel
                .iter()
                .zip(&stride)
                .map(|it| (*it.0).max(*it.1))
                .collect();
        }
        let dilation = if transposed { vec![1; axes] } else { dilation };
        let (begin, end): (Vec<_>, Vec<_>) = kernel
            .iter()
            .map(|it| {
                let most = if transposed { (it - 1) / 2 } else { it / 2 };
                (self.random.range(0, most), self.random.range(0, most))
            })
            .unzip();
        let mut out = vec![];
        for (at, from) in map.axes.iter().enumerate() {
            let (k, s, d, p) = (kernel[at], stride[at], dilation[at], begin[at]);
            let reach = d * (k - 1) + 1;
            let count = if transposed {
                (long(from) - 1) * s + reach - p - end[at]
            } else {
                (long(from) + p + end[at] - reach).div_euclid(s) + 1
            };
            if !(4..400).contains(&count) {
                return None;
            }
            out.push(taps(from, count, |o| {
                let read = (0..k).map(|tap| {
                    if transposed {
                        // o = s·i + d·t − p
                        let spread = o + p - d * tap;
                        (spread.rem_euclid(s) == 0).then(|| spread.div_euclid(s))
                    } else {
                        Some(s * o - p + d * tap)
                    }
                });
                read.flatten().collect()
            }));
        }
        let name = self.name();
        let channels = match kind {
            "Conv" | "ConvTranspose" => self.random.range(1, 3),
            _ => map.channels,
        };
        let mut inputs = vec![map.name.clone()];
        if channels != map.channels || kind.starts_with("Conv") {
            let mut dims = if transposed {
                vec![map.channels, channels]
            } else {
                vec![channels, map.channels]
            };
            dims.extend(&kernel);
            inputs.push(self.weight(&dims));
        }
        let mut attributes = vec![
            ints("kernel_shape", &kernel),
            ints("strides", &stride),
            ints("pads", &[begin, end].concat()),
        ];
        if kind != "AveragePool" {
            attributes.push(ints("dilations", &dilation));
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.nodes
            .push(with(node(&name, kind, &inputs, &[&name]), attributes));
        let ups = map.ups.iter().zip(&stride);
        let ups = ups.map(|(ups, s)| if transposed { ups * s } else { *ups });
        let ups = ups.collect();
        let made = Map {
            name: name.clone(),
            channels,
            axes: out,
            ups,
        };
        self.rows.insert(name, made.clone());
        Some(made)
    }

    fn resize(&mut self, map: &Map) -> Option<Map> {
        let linear = self.random.below(2) == 0;
        let by = self.random.range(2, 3);
        if map.sizes().iter().any(|it| it * by > 400) {
            return None;
        }
        let name = self.name();
        let scales = format!("w{}", self.tensors.len());
        let count = i64::try_from(map.axes.len() + 2).unwrap();
        let factors: Vec<f32> = (0..count)
            .map(|at| {
                if at < 2 {
                    1.0
                } else {
                    f32::from(u8::try_from(by).unwrap())
                }
            })
            .collect();
        self.tensors.push(floats(&scales, &[count], &factors));
        let (mode, place) = if linear {
            ("linear", "half_pixel")
        } else {
            ("nearest", "asymmetric")
        };
        let attributes = vec![
            string("mode", mode),
            string("coordinate_transformation_mode", place),
            string("nearest_mode", "floor"),
        ];
        self.nodes.push(with(
            node(&name, "Resize", &[&map.name, "", &scales], &[&name]),
            attributes,
        ));
        let axis = |from: &Seen| {
            taps(from, long(from) * by, |o| {
                if linear {
                    // x = (o + 1/2) / by − 1/2, as a count of 2·by-ths.
                    let x = 2 * o + 1 - by;
                    let floor = x.div_euclid(2 * by);
                    let next = if x.rem_euclid(2 * by) == 0 {
                        floor
                    } else {
                        floor + 1
                    };
                    vec![floor, next]
                } else {
                    vec![o.div_euclid(by)]
                }
            })
        };
        Some(Map {
            name,
            axes: map.axes.iter().map(axis).collect(),
            ups: map.ups.iter().map(|it| it * by).collect(),
            ..map.clone()
        })
    }

    /// Two maps of one size as one.
    fn meet(&mut self, left: &Map, right: &Map) -> Option<Map> {
        if left.sizes() != right.sizes() || left.name == right.name {
            return None;
        }
        let name = self.name();
        let add = left.channels == right.channels && self.random.below(2) == 0;
        let (kind, channels) = if add {
            ("Add", left.channels)
        } else {
            ("Concat", left.channels + right.channels)
        };
        let mut made = node(&name, kind, &[&left.name, &right.name], &[&name]);
        if !add {
            made = with(made, vec![int("axis", 1)]);
        }
        self.nodes.push(made);
        let both = |(one, other): (&Seen, &Seen)| -> Seen {
            let each = one.iter().zip(other);
            let each = each.map(|(one, other)| Some(one.as_ref()? | other.as_ref()?));
            each.collect()
        };
        Some(Map {
            name,
            channels,
            axes: left.axes.iter().zip(&right.axes).map(both).collect(),
            ups: left
                .ups
                .iter()
                .zip(&right.ups)
                .map(|it| lcm(*it.0, *it.1))
                .collect(),
        })
    }

    /// A 3-tap window that keeps sizes, so that branches of one size exist.
    fn same(&mut self, map: &Map) -> Map {
        let (name, axes) = (self.name(), map.axes.len());
        let wide = self.random.range(1, 2);
        let mut dims = vec![map.channels, map.channels];
        dims.resize(axes + 2, 3);
        let weight = self.weight(&dims);
        let attributes = vec![
            ints("pads", &vec![wide; 2 * axes]),
            ints("dilations", &vec![wide; axes]),
        ];
        self.nodes.push(with(
            node(&name, "Conv", &[&map.name, &weight], &[&name]),
            attributes,
        ));
        let axis = |from: &Seen| taps(from, long(from), |o| vec![o - wide, o, o + wide]);
        let made = Map {
            name: name.clone(),
            axes: map.axes.iter().map(axis).collect(),
            ..map.clone()
        };
        self.rows.insert(name, made.clone());
        made
    }
}

/// A random network over one or two axes.
fn network(seed: u64) -> (GraphProto, BTreeMap<String, Map>) {
    let mut builder = Builder {
        random: Random(seed),
        nodes: vec![],
        tensors: vec![],
        rows: BTreeMap::new(),
    };
    let axes = 1 + usize::try_from(seed % 2).unwrap();
    let size = if axes == 1 { 240 } else { 120 };
    let pixel = |at| Some(BTreeSet::from([at]));
    let mut maps = vec![Map {
        name: "x".into(),
        channels: 1,
        axes: vec![(0..size).map(pixel).collect(); axes],
        ups: vec![1; axes],
    }];
    for _ in 0..12 {
        let from = usize::try_from(builder.random.below(2)).unwrap();
        let map = maps[maps.len() - 1 - from.min(maps.len() - 1)].clone();
        let made = match builder.random.below(8) {
            0 | 1 => builder.window(&map, "Conv"),
            2 => builder.window(&map, "MaxPool"),
            3 => builder.window(&map, "AveragePool"),
            4 => builder.window(&map, "ConvTranspose"),
            5 => builder.resize(&map),
            _ => {
                let right = builder.same(&map);
                builder.meet(&map, &right)
            }
        };
        maps.extend(made);
    }
    let last = maps.last().unwrap().name.clone();
    let mut graph = graph(builder.nodes, &[], &[&last]);
    let mut sizes = vec![1, 1];
    sizes.resize(axes + 2, size);
    graph.input = vec![float_value("x", &sizes)];
    graph.initializer = builder.tensors;
    (graph, builder.rows)
}

fn inspected(graph: GraphProto) -> Inspection {
    let model = read::read_bytes(bytes(&model(graph, 17))).unwrap();
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    inspect_model(&model, "test", &options, &|_| {}).unwrap()
}

fn name_of(layer: &Layer) -> &str {
    match layer {
        Layer::Conv(row) => &row.name,
        Layer::Pool(row) => &row.name,
        Layer::Linear(row) | Layer::Recurrent(row) | Layer::Other(row) => &row.name,
    }
}

/// Holds a row's field to what its positions see; whether there were enough to tell.
fn agrees(case: &str, field: &ReceptiveField, map: &Map) -> bool {
    let mut told = false;
    for (axis, seen) in map.axes.iter().enumerate() {
        let stride = field.stride[axis];
        let (pixels, positions) = (
            i64::try_from(stride.pixels).unwrap(),
            i64::try_from(stride.positions).unwrap(),
        );
        let inside = (0i64..).zip(seen).filter_map(|(at, it)| {
            let it = it.as_ref()?;
            Some((at, *it.first()?, *it.last()?))
        });
        let inside: Vec<_> = inside.collect();
        let widest = inside
            .iter()
            .map(|it| u64::try_from(it.2 - it.1 + 1).unwrap())
            .max();
        let Some(widest) = widest else { continue };
        assert!(
            widest <= field.size[axis],
            "{case} {axis}: {field:?} {inside:?}"
        );
        // All kinds of positions are there once windows repeat.
        if i64::try_from(inside.len()).unwrap() >= map.ups[axis] {
            assert_eq!(
                widest, field.size[axis],
                "{case} {axis}: {field:?} {inside:?}"
            );
        }
        for (at, first, _) in inside.iter().filter(|it| it.0 % map.ups[axis] == 0) {
            assert_eq!(at * pixels % positions, 0, "{case} {axis}: {field:?}");
            let expected = field.start[axis] + at * pixels / positions;
            assert_eq!(
                *first, expected,
                "{case} {axis}: position {at} of {field:?}"
            );
            told = true;
        }
    }
    told
}

#[test]
fn fields_agree_with_tracing_every_tap() {
    let (mut told, mut dense) = (0, 0);
    for seed in 0..300 {
        let (graph, rows) = network(seed);
        let report = inspected(graph);
        for layer in &report.layers {
            let Some(map) = rows.get(name_of(layer)) else {
                continue;
            };
            let case = format!("seed {seed}, {}", name_of(layer));
            // More phases than are followed: a gap, and never a wrong number.
            let Some(field) = layer.receptive_field() else {
                assert!(
                    map.ups.iter().any(|it| *it > 64),
                    "{case} has no field: {:?}",
                    report.gaps
                );
                continue;
            };
            assert_eq!(field.windows, None, "{case}");
            let agrees = agrees(&case, field, map);
            told += u32::from(agrees);
            dense += u32::from(agrees && map.ups.iter().any(|it| *it > 1));
        }
    }
    // Enough of each kind had positions that no border touches.
    assert!(told > 800 && dense > 150, "{told} {dense}");
}

/// A random graph of values of `[1, channels, 6]`; its outputs.
fn values(seed: u64) -> (GraphProto, Vec<String>) {
    let mut random = Random(seed);
    let mut nodes: Vec<NodeProto> = vec![];
    let mut all = vec![("x".to_owned(), 2i64)];
    for at in 0..14 {
        let pick = |random: &mut Random, all: &[(String, i64)]| {
            let newest = all.len().min(6);
            let back = usize::try_from(random.below(u64::try_from(newest).unwrap())).unwrap();
            all[all.len() - 1 - back].clone()
        };
        let (one, other) = (pick(&mut random, &all), pick(&mut random, &all));
        let name = format!("v{at}");
        let (made, channels) = match random.below(5) {
            0 => (node(&name, "Identity", &[&one.0], &[&name]), one.1),
            1 => (node(&name, "Reshape", &[&one.0, "shape"], &[&name]), one.1),
            2 if one.1 == other.1 => (node(&name, "Add", &[&one.0, &other.0], &[&name]), one.1),
            3 if one.1 + other.1 < 40 => (
                with(
                    node(&name, "Concat", &[&one.0, &other.0], &[&name]),
                    vec![int("axis", 1)],
                ),
                one.1 + other.1,
            ),
            _ => (node(&name, "Relu", &[&one.0], &[&name]), one.1),
        };
        nodes.push(made);
        all.push((name, channels));
    }
    let outputs: Vec<String> = all
        .iter()
        .skip(1)
        .filter(|_| random.below(4) == 0)
        .map(|it| it.0.clone())
        .collect();
    let names: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let mut graph = graph(nodes, &[], &names);
    graph.input = vec![float_value("x", &[1, 2, 6])];
    graph.initializer = vec![int64s("shape", &[1, -1, 6])];
    (graph, outputs)
}

/// The graph without the nodes on which no output depends; the whole where it has no output.
fn running(graph: &GraphProto, outputs: &[String]) -> GraphProto {
    let mut needed: BTreeSet<String> = outputs.iter().cloned().collect();
    let mut graph = graph.clone();
    if needed.is_empty() {
        return graph;
    }
    for node in graph.node.iter().rev() {
        if node.output.iter().any(|it| needed.contains(it)) {
            needed.extend(node.input.iter().cloned());
        }
    }
    let runs = |it: &NodeProto| it.output.iter().any(|it| needed.contains(it));
    graph.node.retain(runs);
    graph
}

/// The most elements alive at once, by asking of every value at every node whether it is needed.
fn counted(graph: &GraphProto, outputs: &[String]) -> (u128, String) {
    let graph = &running(graph, outputs);
    let mut storage = BTreeMap::from([("x", "x")]);
    let mut channels = BTreeMap::from([("x", 2u128)]);
    for it in &graph.node {
        let inputs: Vec<&str> = it
            .input
            .iter()
            .map(String::as_str)
            .filter(|it| *it != "shape")
            .collect();
        let view = matches!(&*it.op_type, "Identity" | "Reshape");
        let own = if view {
            storage[inputs[0]]
        } else {
            &it.output[0]
        };
        storage.insert(&it.output[0], own);
        let sum = match &*it.op_type {
            "Concat" => channels[inputs[0]] + channels[inputs[1]],
            _ => channels[inputs[0]],
        };
        channels.insert(&it.output[0], sum);
    }
    let uses = |at: usize, of: &str| {
        graph.node[at]
            .input
            .iter()
            .any(|it| storage.get(&**it) == Some(&of))
    };
    let mut peak = (0, String::new());
    for at in 0..graph.node.len() {
        let mut alive = 0;
        for own in storage.values().copied().collect::<BTreeSet<&str>>() {
            let made = graph.node.iter().position(|it| it.output[0] == own);
            let there = made.is_none_or(|made| made <= at);
            let later = (at..graph.node.len()).any(|it| uses(it, own));
            let output = outputs.iter().any(|it| storage[&**it] == own);
            if there && (later || output || made == Some(at)) {
                alive += channels[own] * 6;
            }
        }
        if alive > peak.0 {
            peak = (alive, graph.node[at].name.clone());
        }
    }
    peak
}

#[test]
fn peaks_agree_with_asking_of_every_value() {
    for seed in 0..300 {
        let (graph, outputs) = values(seed);
        let expected = counted(&graph, &outputs);
        let report = inspected(graph);
        let peak = report.totals.peak_activations.unwrap();
        assert_eq!((peak.elements, peak.layer), expected, "seed {seed}");
        assert_eq!(peak.bytes, Some(4 * expected.0), "seed {seed}");
    }
}

#[test]
fn published_networks_have_their_published_fields() {
    // AlexNet and VGG-16 after their last pool: Araujo, Norris, Sim, "Computing Receptive Fields of
    // Convolutional Neural Networks", Distill 2019 (195, 212). ResNet-18 435 and ResNet-50 427 as torchvision
    // strides them: the paper's 483 is for a stride in the first 1×1 of a block.
    let cases = [
        ("fixtures/alexnet-2012.onnx", 195),
        ("fixtures/truth/alexnet2012.dynamo.onnx", 195),
        ("fixtures/params/alexnet2012.ts_raw.onnx", 195),
        ("fixtures/graphs/resnet18.ts.onnx", 435),
        ("fixtures/graphs/resnet18.dynamo.onnx", 435),
        ("fixtures/params/resnet50.ts_raw.onnx", 427),
    ];
    for (path, expected) in cases {
        let options = Options {
            verify: Choice::None,
            ..Options::default()
        };
        let report = inspect(path, &options).unwrap();
        assert_eq!(widest_field(&report.layers), Some(expected), "{path}");
    }
}

#[test]
fn vgg_16_sees_212_pixels() {
    // 64, 64, M, 128, 128, M, 256 ×3, M, 512 ×3, M, 512 ×3, M, of torchvision's `cfgs["D"]`; one channel here,
    // since channels change no window.
    let mut nodes = vec![];
    let mut last = "x".to_owned();
    for (block, convs) in [2, 2, 3, 3, 3].into_iter().enumerate() {
        for at in 0..convs {
            let name = format!("conv{block}_{at}");
            let conv = node(&name, "Conv", &[&last, "w"], &[&name]);
            nodes.push(with(conv, vec![ints("pads", &[1; 4])]));
            last = name;
        }
        let name = format!("pool{block}");
        let pool = node(&name, "MaxPool", &[&last], &[&name]);
        nodes.push(with(
            pool,
            vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])],
        ));
        last = name;
    }
    let mut graph = graph(nodes, &[], &[&last]);
    graph.input = vec![float_value("x", &[1, 1, 224, 224])];
    graph.initializer = vec![floats("w", &[1, 1, 3, 3], &[1.0; 9])];
    let report = inspected(graph);
    let field = report.layers.last().unwrap().receptive_field().unwrap();
    assert_eq!(field.size, [212, 212]);
    // 2⁵ pixels a step; the padding of each block's convolutions: 2·1 + 2·2 + 3·4 + 3·8 + 3·16 = 90.
    assert_eq!((field.stride[0].pixels, field.start[0]), (32, -90));
}
