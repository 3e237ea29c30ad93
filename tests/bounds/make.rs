//! Models of as many nodes as are asked for, one kind for each way in which a graph can be large.

use onnx_protobuf::{FunctionProto, GraphProto, ModelProto, NodeProto};

use crate::support::{
    self, Size, call, float_value, floats, function, graph, graph_attribute, int, int64s, ints,
    model, node, tensor, tensor_attribute, value, with,
};

/// A kind of model, and what makes one of this many nodes.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) make: fn(usize) -> ModelProto,
    /// Whether its nodes are convolutions and pools.
    pub(crate) has_layers: bool,
}

const fn of_nodes(name: &'static str, make: fn(usize) -> ModelProto) -> Kind {
    Kind {
        name,
        make,
        has_layers: false,
    }
}

const fn of_layers(name: &'static str, make: fn(usize) -> ModelProto) -> Kind {
    Kind {
        has_layers: true,
        ..of_nodes(name, make)
    }
}

/// Every kind.
pub(crate) const KINDS: &[Kind] = &[
    of_nodes("chain", chain),
    of_nodes("chain backwards", backwards),
    of_layers("chain of convolutions with one weight", tied),
    of_layers("convolutions with weights of their own", convs),
    of_layers("convolutions and pools", pools),
    of_layers("pools that each take a row", rows),
    of_layers("pools over an open size", open_pools),
    of_nodes("fan-out to many graph outputs", fan_out),
    of_nodes("fan-in of one Concat", fan_in),
    of_layers("residual blocks", residual),
    of_nodes("shape arithmetic", shapes),
    of_nodes("sizes that add a name at every step", growing_name),
    of_nodes("sizes that double at every step", doubling),
    of_nodes("many inputs", inputs),
    of_nodes("many initializers", initializers),
    of_nodes("many Constants", constants),
    of_nodes("one weight behind a chain of Identity", behind),
    of_nodes("one weight behind many Transposes", transposes),
    of_nodes("many branches", branches),
    of_nodes("branches 29 deep", deep_branches),
    of_nodes("loops 20 deep", deep_loops),
    of_nodes("many calls of one function", calls),
    of_nodes("many functions", functions),
    of_nodes("functions that call the next", function_chain),
    of_nodes("one output made by all", duplicates),
    of_nodes("one initializer many times", duplicate_tensors),
    of_nodes("inputs that nothing makes", missing),
    of_nodes("a cycle of all", cycle),
    of_nodes("one node with many outputs", outputs),
    of_nodes("one node with many attributes", attributes),
    of_nodes("operators that nobody knows", unknown),
];

fn v(at: usize) -> String {
    format!("v{at}")
}

fn relu(at: usize) -> NodeProto {
    node("", "Relu", &[&v(at)], &[&v(at + 1)])
}

/// A graph from `v0`, an image, to `last`.
fn image(nodes: Vec<NodeProto>, last: &str) -> GraphProto {
    let mut main = graph(nodes, &[], &[last]);
    main.input = vec![float_value("v0", &[1, 4, 8, 8])];
    main
}

pub(crate) fn chain(count: usize) -> ModelProto {
    model(image((0..count).map(relu).collect(), &v(count)), 17)
}

fn backwards(count: usize) -> ModelProto {
    let mut made = chain(count);
    made.graph.as_mut().unwrap().node.reverse();
    made
}

fn conv(at: usize, weight: &str) -> NodeProto {
    node(
        &format!("conv{at}"),
        "Conv",
        &[&v(at), weight],
        &[&v(at + 1)],
    )
}

/// An image, one convolution with its weight.
pub(crate) fn image_of_one_conv() -> GraphProto {
    let mut main = image(vec![conv(0, "k")], "v1");
    main.initializer = vec![tensor("k", 1, &[4, 4, 1, 1])];
    main
}

fn tied(count: usize) -> ModelProto {
    let mut main = image((0..count).map(|at| conv(at, "w")).collect(), &v(count));
    main.initializer = vec![tensor("w", 1, &[4, 4, 1, 1])];
    model(main, 17)
}

fn convs(count: usize) -> ModelProto {
    let weight = |at: usize| format!("w{at}");
    let nodes = (0..count).map(|at| conv(at, &weight(at))).collect();
    let mut main = image(nodes, &v(count));
    main.initializer = (0..count)
        .map(|at| tensor(&weight(at), 1, &[4, 4, 1, 1]))
        .collect();
    model(main, 17)
}

fn pools(count: usize) -> ModelProto {
    let pool = |at: usize| {
        let pool = node(&format!("pool{at}"), "MaxPool", &[&v(at)], &[&v(at + 1)]);
        with(pool, vec![ints("kernel_shape", &[1, 1])])
    };
    let nodes = (0..count).map(|at| match at % 2 {
        0 => conv(at, "w"),
        _ => pool(at),
    });
    let mut main = image(nodes.collect(), &v(count));
    main.initializer = vec![tensor("w", 1, &[4, 4, 1, 1])];
    model(main, 17)
}

/// Convolutions and pools that each take one row away, so that every pool changes all that follows.
fn rows(count: usize) -> ModelProto {
    let mut made = pools(count);
    let main = made.graph.as_mut().unwrap();
    for node in main.node.iter_mut().filter(|it| it.op_type == "MaxPool") {
        node.attribute = vec![ints("kernel_shape", &[2, 1])];
    }
    main.input = vec![float_value("v0", &[1, 4, count as i64 + 1, 1])];
    made
}

fn open_pools(count: usize) -> ModelProto {
    let mut made = rows(count);
    let main = made.graph.as_mut().unwrap();
    let sizes = [Size::Is(1), Size::Is(4), Size::Named("H"), Size::Named("W")];
    main.input = vec![value("v0", 1, &sizes)];
    for node in main.node.iter_mut().filter(|it| it.op_type == "MaxPool") {
        node.attribute.push(ints("strides", &[2, 2]));
        node.attribute.push(int("ceil_mode", 1));
    }
    made
}

fn fan_out(count: usize) -> ModelProto {
    let names: Vec<String> = (1..=count).map(v).collect();
    let nodes = names.iter().map(|it| node("", "Relu", &["v0"], &[it]));
    let mut main = image(nodes.collect(), "v1");
    main.output = names
        .iter()
        .map(|it| float_value(it, &[1, 4, 8, 8]))
        .collect();
    model(main, 17)
}

fn fan_in(count: usize) -> ModelProto {
    let names: Vec<String> = (1..=count).map(v).collect();
    let nodes = names.iter().map(|it| node("", "Relu", &["v0"], &[it]));
    let mut nodes: Vec<_> = nodes.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    nodes.push(with(
        node("", "Concat", &names, &["y"]),
        vec![int("axis", 1)],
    ));
    model(image(nodes, "y"), 17)
}

/// Every block adds what it makes to what it was given.
fn residual(count: usize) -> ModelProto {
    let mut nodes = Vec::new();
    for at in 0..count / 2 {
        let inner = format!("i{at}");
        nodes.push(node(
            &format!("conv{at}"),
            "Conv",
            &[&v(at), "w"],
            &[&inner],
        ));
        nodes.push(node("", "Add", &[&inner, &v(at)], &[&v(at + 1)]));
    }
    let mut main = image(nodes, &v(count / 2));
    main.initializer = vec![tensor("w", 1, &[4, 4, 1, 1])];
    model(main, 17)
}

/// Shape, Gather, Unsqueeze, Concat and Reshape, as exporters write a flatten.
fn shapes(count: usize) -> ModelProto {
    let mut nodes = Vec::new();
    for at in 0..count / 5 {
        let own = |it: &str| format!("{it}{at}");
        let (from, to) = (v(at), v(at + 1));
        nodes.push(node("", "Shape", &[&from], &[&own("s")]));
        nodes.push(node("", "Gather", &[&own("s"), "zero"], &[&own("g")]));
        nodes.push(node("", "Unsqueeze", &[&own("g"), "axes"], &[&own("u")]));
        nodes.push(with(
            node("", "Concat", &[&own("u"), "rest"], &[&own("c")]),
            vec![int("axis", 0)],
        ));
        nodes.push(node("", "Reshape", &[&from, &own("c")], &[&to]));
    }
    let mut main = graph(nodes, &[], &[&v(count / 5)]);
    main.input = vec![value("v0", 1, &[Size::Named("N"), Size::Is(4)])];
    let mut zero = int64s("zero", &[0]);
    zero.dims.clear();
    main.initializer = vec![zero, int64s("axes", &[0]), int64s("rest", &[-1])];
    model(main, 17)
}

fn concat(count: usize, other: impl Fn(usize) -> String) -> Vec<NodeProto> {
    let one = |at: usize| {
        let node = node("", "Concat", &[&v(at), &other(at)], &[&v(at + 1)]);
        with(node, vec![int("axis", 0)])
    };
    (0..count).map(one).collect()
}

pub(crate) fn growing_list(count: usize) -> ModelProto {
    let mut main = graph(concat(count, |_| "one".to_owned()), &[], &[&v(count)]);
    main.initializer = vec![int64s("v0", &[1]), int64s("one", &[1])];
    model(main, 17)
}

fn growing_name(count: usize) -> ModelProto {
    let mut main = graph(concat(count, |at| format!("x{at}")), &[], &[&v(count)]);
    main.input = (0..count)
        .map(|at| {
            let name: &'static str = format!("N{at}").leak();
            value(&format!("x{at}"), 1, &[Size::Named(name)])
        })
        .collect();
    main.input.push(value("v0", 1, &[Size::Named("N")]));
    model(main, 17)
}

fn doubling(count: usize) -> ModelProto {
    let mut main = graph(concat(count, v), &[], &[&v(count)]);
    main.input = vec![value("v0", 1, &[Size::Named("N")])];
    model(main, 17)
}

fn inputs(count: usize) -> ModelProto {
    let names: Vec<String> = (0..count).map(|at| format!("x{at}")).collect();
    let nodes = names
        .iter()
        .map(|it| node("", "Relu", &[it], &[&format!("{it}y")]));
    let mut main = graph(nodes.collect(), &[], &["x0y"]);
    main.input = names.iter().map(|it| float_value(it, &[1, 4])).collect();
    model(main, 17)
}

pub(crate) fn initializers(count: usize) -> ModelProto {
    let mut main = image(vec![relu(0)], "v1");
    main.initializer = (0..count)
        .map(|at| floats(&format!("w{at}"), &[1], &[1.0]))
        .collect();
    model(main, 17)
}

fn constants(count: usize) -> ModelProto {
    let constant = |at: usize| {
        let node = node("", "Constant", &[], &[&format!("c{at}")]);
        with(node, vec![tensor_attribute("value", int64s("", &[1, 2]))])
    };
    let mut nodes: Vec<_> = (0..count / 2).map(constant).collect();
    for at in 0..count / 2 {
        nodes.push(node(
            "",
            "Reshape",
            &["v0", &format!("c{at}")],
            &[&v(at + 1)],
        ));
    }
    model(image(nodes, "v1"), 17)
}

fn behind(count: usize) -> ModelProto {
    let name = |at: usize| format!("w{at}");
    let identity = |at: usize| node("", "Identity", &[&name(at)], &[&name(at + 1)]);
    let mut nodes: Vec<_> = (0..count / 2).map(identity).collect();
    nodes.extend((0..count / 2).map(|at| conv(at, &name(at))));
    let mut main = image(nodes, &v(count / 2));
    main.initializer = vec![tensor("w0", 1, &[4, 4, 1, 1])];
    model(main, 17)
}

fn transposes(count: usize) -> ModelProto {
    let mut nodes = Vec::new();
    for at in 0..count / 2 {
        let weight = format!("t{at}");
        nodes.push(with(
            node("", "Transpose", &["w"], &[&weight]),
            vec![ints("perm", &[1, 0, 2, 3])],
        ));
        nodes.push(conv(at, &weight));
    }
    let mut main = image(nodes, &v(count / 2));
    main.initializer = vec![tensor("w", 1, &[4, 4, 1, 1])];
    model(main, 17)
}

/// An If whose branches use a value of the graph around them.
fn branch(at: usize, outer: &str) -> NodeProto {
    let body = |name: &str| {
        let inner = format!("{name}{at}");
        graph_attribute(
            name,
            graph(vec![node("", "Relu", &[outer], &[&inner])], &[], &[&inner]),
        )
    };
    let branches = vec![body("then_branch"), body("else_branch")];
    with(node("", "If", &["c"], &[&v(at + 1)]), branches)
}

fn branches(count: usize) -> ModelProto {
    let nodes = (0..count / 3).map(|at| branch(at, &v(at))).collect();
    let mut main = image(nodes, &v(count / 3));
    main.input.push(value("c", 9, &[]));
    model(main, 17)
}

/// Columns of Ifs inside each other, as deep as messages may nest.
fn deep_branches(count: usize) -> ModelProto {
    let mut nodes = Vec::new();
    for at in 0..count / 58 {
        let mut body = graph(vec![node("", "Relu", &["v0"], &["y"])], &[], &["y"]);
        for _ in 0..27 {
            let attributes = vec![
                graph_attribute("then_branch", body),
                graph_attribute("else_branch", graph(vec![relu(0)], &[], &["v1"])),
            ];
            body = graph(
                vec![with(node("", "If", &["c"], &["y"]), attributes)],
                &[],
                &["y"],
            );
        }
        let mut last = body.node.pop().unwrap();
        last.output = vec![v(at + 1)];
        nodes.push(last);
    }
    let mut main = image(nodes, "v1");
    main.input.push(value("c", 9, &[]));
    model(main, 17)
}

/// Columns of Loops inside each other, whose carried value changes its size at every turn.
fn deep_loops(count: usize) -> ModelProto {
    let mut nodes = Vec::new();
    for at in 0..count / 22 {
        let step = with(
            node("", "Concat", &["x", "x"], &["y"]),
            vec![int("axis", 0)],
        );
        let mut inner = step;
        for _ in 0..20 {
            let same = node("", "Identity", &["k"], &["d"]);
            let body = graph(vec![inner, same], &["i", "k", "x"], &["d", "y"]);
            let attribute = vec![graph_attribute("body", body)];
            inner = with(node("", "Loop", &["m", "k", "x"], &["y"]), attribute);
        }
        inner.input = vec!["m".into(), "c".into(), "v0".into()];
        inner.output = vec![v(at + 1)];
        nodes.push(inner);
    }
    let mut main = image(nodes, "v1");
    main.input.push(value("c", 9, &[]));
    main.input.push(value("m", 7, &[]));
    model(main, 17)
}

pub(crate) fn with_functions(main: GraphProto, functions: Vec<FunctionProto>) -> ModelProto {
    let mut made = model(main, 17);
    made.opset_import.push(support::opset_import("my", 1));
    made.functions = functions;
    made
}

fn calls(count: usize) -> ModelProto {
    let one = |at: usize| call(("my", "F"), &format!("call{at}"), &[&v(at)], &[&v(at + 1)]);
    let nodes = (0..count / 3).map(one).collect();
    let body = (0..3).map(relu).collect();
    let f = function(("my", "F"), &["v0"], &["v3"], body);
    with_functions(image(nodes, &v(count / 3)), vec![f])
}

fn functions(count: usize) -> ModelProto {
    let name = |at: usize| format!("F{at}");
    let one = |at: usize| call(("my", &name(at)), "", &[&v(at)], &[&v(at + 1)]);
    let nodes = (0..count / 2).map(one).collect();
    let made = |at: usize| function(("my", &name(at)), &["v0"], &["v1"], vec![relu(0)]);
    let functions = (0..count / 2).map(made).collect();
    with_functions(image(nodes, &v(count / 2)), functions)
}

fn function_chain(count: usize) -> ModelProto {
    let name = |at: usize| format!("F{at}");
    let made = |at: usize| {
        let inner = match at {
            0 => relu(0),
            _ => call(("my", &name(at - 1)), "", &["v0"], &["v1"]),
        };
        function(("my", &name(at)), &["v0"], &["v1"], vec![inner])
    };
    let functions = (0..count).map(made).collect();
    let last = call(("my", &name(count - 1)), "", &["v0"], &["v1"]);
    with_functions(image(vec![last], "v1"), functions)
}

fn duplicates(count: usize) -> ModelProto {
    let nodes = (0..count).map(|_| node("same", "Relu", &["v0"], &["y"]));
    model(image(nodes.collect(), "y"), 17)
}

fn duplicate_tensors(count: usize) -> ModelProto {
    let mut main = image(vec![relu(0)], "v1");
    main.initializer = (0..count).map(|_| floats("w", &[1], &[1.0])).collect();
    model(main, 17)
}

fn missing(count: usize) -> ModelProto {
    let one = |at: usize| node("", "Relu", &[&format!("nowhere{at}")], &[&v(at + 1)]);
    model(image((0..count).map(one).collect(), "v1"), 17)
}

fn cycle(count: usize) -> ModelProto {
    let one = |at: usize| {
        node(
            "",
            "Relu",
            &[&format!("a{at}")],
            &[&format!("a{}", (at + 1) % count)],
        )
    };
    model(image((0..count).map(one).collect(), "a0"), 17)
}

fn outputs(count: usize) -> ModelProto {
    let names: Vec<String> = (1..=count).map(v).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let split = with(node("", "Split", &["v0"], &names), vec![int("axis", 1)]);
    model(image(vec![split], "v1"), 17)
}

fn attributes(count: usize) -> ModelProto {
    let list = (0..count).map(|at| int(&format!("a{at}"), 1)).collect();
    model(image(vec![with(relu(0), list)], "v1"), 17)
}

pub(crate) fn sequences(count: usize) -> ModelProto {
    let insert = |at: usize| {
        node(
            "",
            "SequenceInsert",
            &[&format!("s{at}"), "v0"],
            &[&format!("s{}", at + 1)],
        )
    };
    let mut nodes = vec![node("", "SequenceEmpty", &[], &["s0"])];
    nodes.extend((0..count).map(insert));
    model(image(nodes, &format!("s{count}")), 17)
}

fn unknown(count: usize) -> ModelProto {
    let one = |at: usize| NodeProto {
        domain: "com.example".into(),
        ..node("", &format!("Op{at}"), &[&v(at)], &[&v(at + 1)])
    };
    model(image((0..count).map(one).collect(), &v(count)), 17)
}
