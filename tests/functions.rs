//! Model-local functions give way to their bodies, within a budget.

mod support;

use cnninspect::network::{Network, Node, Producer, Source};
use support::network::{find, maker, order, with_functions};
use support::{
    call, floats, function, graph, graph_attribute, ints, node, reference, tensor_attribute, with,
};

const F: (&str, &str) = ("my", "F");
const G: (&str, &str) = ("my", "G");

#[test]
fn a_function_gives_way_to_its_body() {
    // F(X, W; k) = Relu(Conv(X, W, kernel_shape = k)), k with a default.
    let conv = with(
        node("conv", "Conv", &["X", "W", "B"], &["t"]),
        vec![reference(ints("kernel_shape", &[]), "k")],
    );
    let relu = node("relu", "Relu", &["t"], &["Y"]);
    // Out of order, as no file should be.
    let mut f = function(F, &["X", "W", "B"], &["Y"], vec![relu, conv]);
    f.opset_import[0].version = 11;
    f.attribute_proto = vec![ints("k", &[5, 5])];
    let one = call(F, "one", &["x", "w"], &["a"]);
    let two = with(
        call(F, "two", &["a", "w", "x"], &["y"]),
        vec![ints("k", &[3, 3])],
    );
    let network = with_functions(graph(vec![one, two], &["x", "w"], &["y"]), vec![f]);
    assert_eq!(network.findings, []);
    assert_eq!(order(&network), ["conv", "relu", "conv", "relu"]);
    let convs: Vec<_> = network.nodes().filter(|it| it.1.name == "conv").collect();
    let [(_, first), (_, second)] = convs[..] else {
        panic!("{convs:?}");
    };
    assert_eq!((&*first.scope, &*second.scope), ("one", "two"));
    assert_eq!((first.opset, second.opset), (11, 11));
    let kernel = |it: &Node| it.attrs.ints("kernel_shape").unwrap().unwrap();
    assert_eq!((kernel(first), kernel(second)), (vec![5, 5], vec![3, 3]));
    assert_eq!(first.inputs[2], None, "the call leaves it out");
    assert_eq!(second.inputs[2], Some(network.main().unwrap().inputs[0]));
    assert_ne!(first.outputs, second.outputs);
    let y = network.main().unwrap().outputs[0];
    assert_eq!(&*network.value(y).name, "y");
    assert!(matches!(network.edges().producer(y), Producer::Node(..)));
}

#[test]
fn functions_call_functions_and_see_nothing_around_them() {
    let g = function(G, &["a"], &["b"], vec![node("n", "Relu", &["a"], &["b"])]);
    let inner = call(G, "in", &["X"], &["Y"]);
    let stray = node("stray", "Relu", &["x"], &["unused"]);
    let f = function(F, &["X"], &["Y"], vec![inner, stray]);
    let main = graph(vec![call(F, "out", &["x"], &["y"])], &["x"], &["y"]);
    let network = with_functions(main, vec![f, g]);
    assert_eq!(&*find(&network, "n").scope, "out/in");
    assert_eq!(maker(&network, "n", 0), "input x");
    assert_eq!(
        network.findings[0].rule, "missing-input",
        "the body of F sees no \"x\""
    );
}

#[test]
fn a_formal_output_that_is_an_input_is_passed_on() {
    let f = function(F, &["X"], &["X"], vec![]);
    let main = graph(
        vec![
            call(F, "f", &["x"], &["y"]),
            node("use", "Relu", &["y"], &["z"]),
        ],
        &["x"],
        &["z"],
    );
    let network = with_functions(main, vec![f]);
    assert_eq!(network.findings, []);
    assert_eq!(find(&network, "X").op_type.as_ref(), "Identity");
    assert_eq!(maker(&network, "use", 0), "X");
    assert_eq!(maker(&network, "X", 0), "input x");
}

#[test]
fn a_functions_constant_is_stored_once_for_all_calls() {
    let weight = tensor_attribute("value", floats("", &[400], &[0.5; 400]));
    let constant = with(node("", "Constant", &[], &["w"]), vec![weight]);
    let add = node("add", "Add", &["X", "w"], &["Y"]);
    let f = function(F, &["X"], &["Y"], vec![constant, add]);
    let calls = vec![call(F, "1", &["x"], &["a"]), call(F, "2", &["a"], &["y"])];
    let network = with_functions(graph(calls, &["x"], &["y"]), vec![f]);
    let [stored] = &network.initializers[..] else {
        panic!("{:?}", network.initializers);
    };
    assert_eq!((stored.values.len(), stored.source), (2, Source::Constant));
    assert_eq!(stored.tensor.name, "w");
    assert_eq!(network.nodes.len(), 4, "the Constant nodes stay");
    assert_eq!(maker(&network, "add", 1), "w");
}

#[test]
fn a_function_of_the_default_domain_wins_over_the_operator() {
    let own = ("", "Relu");
    let mut f = function(
        own,
        &["X"],
        &["Y"],
        vec![node("abs", "Abs", &["X"], &["Y"])],
    );
    f.opset_import.truncate(1);
    let main = graph(vec![node("r", "Relu", &["x"], &["y"])], &["x"], &["y"]);
    let network = with_functions(main, vec![f]);
    assert_eq!(order(&network), ["abs"]);
}

#[test]
fn a_function_that_calls_itself_stays_one_node() {
    let f = function(F, &["X"], &["Y"], vec![call(G, "g", &["X"], &["Y"])]);
    let g = function(G, &["X"], &["Y"], vec![call(F, "f", &["X"], &["Y"])]);
    let main = graph(vec![call(F, "top", &["x"], &["y"])], &["x"], &["y"]);
    let network = with_functions(main, vec![f, g]);
    let top = find(&network, "top");
    assert_eq!(top.opaque.as_deref(), Some("the function calls itself"));
    assert_eq!(network.nodes.len(), 1);
}

/// `F0` is one node, `Fn` calls `Fn-1` twice.
fn doubling(depth: usize) -> Network {
    let id = |at: usize| format!("F{at}");
    let mut functions = vec![function(
        ("my", "F0"),
        &["X"],
        &["Y"],
        vec![node("leaf", "Relu", &["X"], &["Y"])],
    )];
    for at in 1..=depth {
        let inner = id(at - 1);
        let calls = vec![
            call(("my", &inner), "a", &["X"], &["t"]),
            call(("my", &inner), "b", &["t"], &["Y"]),
        ];
        functions.push(function(("my", &id(at)), &["X"], &["Y"], calls));
    }
    let top = id(depth);
    let main = graph(
        vec![call(("my", &top), "top", &["x"], &["y"])],
        &["x"],
        &["y"],
    );
    with_functions(main, functions)
}

#[test]
fn inlining_stops_before_it_begins_where_it_would_pass_the_budget() {
    assert_eq!(doubling(10).nodes.len(), 1 << 10);
    // 2³⁰ nodes for the whole; the depth alone would be allowed.
    let network = doubling(30);
    // The file holds 1 + 30·2 + 1 nodes: 20,000 + 32·62 may be inlined.
    let expected =
        "the function becomes 1,073,741,824 nodes, 21,984 of 21,984 are left for functions";
    assert_eq!(find(&network, "top").opaque.as_deref(), Some(expected));
    assert_eq!(network.nodes.len(), 1);
    // Past 2⁶⁴, and deeper than anything is followed.
    assert_eq!(doubling(300).nodes.len(), 1);
}

#[test]
fn calls_are_followed_so_deep_and_no_deeper() {
    // Each function calls the next from within a body.
    let id = |at: usize| format!("F{at}");
    let deepest = node("leaf", "Relu", &["X"], &["Y"]);
    let mut functions = vec![function(("my", "F0"), &["X"], &["Y"], vec![deepest])];
    for at in 1..=200 {
        let inner = id(at - 1);
        let body = graph(vec![call(("my", &inner), "c", &["X"], &["Y"])], &[], &["Y"]);
        let branch = with(
            node("if", "If", &["X"], &["Y"]),
            vec![graph_attribute("then_branch", body)],
        );
        functions.push(function(("my", &id(at)), &["X"], &["Y"], vec![branch]));
    }
    let top = call(("my", "F200"), "top", &["x"], &["y"]);
    let network = with_functions(graph(vec![top], &["x"], &["y"]), functions);
    // A call and a body by turns: 32 of each.
    assert_eq!((network.graphs.len(), network.nodes.len()), (33, 33));
    let reason = "it stands more than 64 bodies and calls deep";
    assert_eq!(find(&network, "c").opaque.as_deref(), Some(reason));
}
