#!/usr/bin/env python3
"""Writes the models of `fixtures/cases`: one small file for each thing that model tools are known to stumble over.

    pip install onnx==1.23.2
    python3 benches/cases.py fixtures/cases

Each has a question whose answer is arithmetic, written in `CASES` beside it. `benches/others.py` asks other tools;
`tests/others.rs` asks cnninspect.
"""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]


def ramp(name, *shape, dtype=np.float32):
    """A weight whose values matter to nobody."""
    count = int(np.prod(shape))
    return numpy_helper.from_array((np.arange(count) % 7 - 3).astype(dtype).reshape(shape), name)


def value(name, *shape, kind=TensorProto.FLOAT):
    """An input or output; four open sizes where none are given."""
    return helper.make_tensor_value_info(name, kind, list(shape) or [None] * 4)


def scalar(name, kind):
    return helper.make_tensor_value_info(name, kind, [])


def model(nodes, inputs, outputs, weights, functions=(), opsets=OPSET):
    graph = helper.make_graph(nodes, "case", inputs, outputs, weights)
    return helper.make_model(graph, ir_version=10, opset_imports=opsets, functions=list(functions))


def conv(x, w, y, *rest, op="Conv", domain="", **attributes):
    return helper.make_node(op, [x, w, *rest], [y], name=y, domain=domain, **attributes)


def tied():
    nodes = [conv("x", "w", "a", pads=[1] * 4), conv("a", "w", "y", pads=[1] * 4)]
    return model(nodes, [value("x", 1, 8, 16, 16)], [value("y")], [ramp("w", 8, 8, 3, 3)])


def dead():
    nodes = [conv("x", "w", "y", pads=[1] * 4), conv("x", "unused", "nowhere", pads=[1] * 4)]
    weights = [ramp("w", 8, 3, 3, 3), ramp("unused", 64, 3, 3, 3)]
    return model(nodes, [value("x", 1, 3, 16, 16)], [value("y")], weights)


def constant_node():
    weight = helper.make_node("Constant", [], ["w"], name="w", value=ramp("", 8, 3, 3, 3))
    nodes = [weight, conv("x", "w", "y", pads=[1] * 4)]
    return model(nodes, [value("x", 1, 3, 16, 16)], [value("y")], [])


def constant_of_shape():
    fill = helper.make_tensor("", TensorProto.FLOAT, [1], [0.5])
    weight = helper.make_node("ConstantOfShape", ["shape"], ["w"], name="w", value=fill)
    nodes = [weight, conv("x", "w", "y", pads=[1] * 4)]
    shape = numpy_helper.from_array(np.array([8, 3, 3, 3], dtype=np.int64), "shape")
    return model(nodes, [value("x", 1, 3, 16, 16)], [value("y")], [shape])


def grouped_transpose():
    node = conv("x", "w", "y", "b", op="ConvTranspose", group=4, strides=[2, 2], pads=[1] * 4, output_padding=[1, 1])
    weights = [ramp("w", 16, 2, 3, 3), ramp("b", 8)]
    return model([node], [value("x", 1, 16, 10, 10)], [value("y")], weights)


def same_padding():
    nodes = [conv("x", "w", "y", auto_pad="SAME_UPPER", strides=[2, 2])]
    return model(nodes, [value("x", 1, 3, 15, 16)], [value("y")], [ramp("w", 8, 3, 3, 3)])


def both_branches():
    def branch(name):
        out = value(f"{name}_y", 1, 8, 16, 16)
        node = conv("x", f"{name}_w", f"{name}_y", pads=[1] * 4)
        return helper.make_graph([node], name, [], [out], [ramp(f"{name}_w", 8, 3, 3, 3)])

    node = helper.make_node("If", ["condition"], ["y"], name="if", then_branch=branch("then"), else_branch=branch("else"))
    inputs = [value("x", 1, 3, 16, 16), scalar("condition", TensorProto.BOOL)]
    return model([node], inputs, [value("y", 1, 8, 16, 16)], [])


def loop():
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["still"]), conv("state", "w", "next", pads=[1] * 4)], "body",
        [scalar("turn", TensorProto.INT64), scalar("go", TensorProto.BOOL), value("state", 1, 8, 16, 16)],
        [scalar("still", TensorProto.BOOL), value("next", 1, 8, 16, 16)], [ramp("w", 8, 8, 3, 3)])
    trips = numpy_helper.from_array(np.array(4, dtype=np.int64), "trips")
    node = helper.make_node("Loop", ["trips", "", "x"], ["y"], name="loop", body=body)
    return model([node], [value("x", 1, 8, 16, 16)], [value("y", 1, 8, 16, 16)], [trips])


def function():
    body = [conv("input", "weight", "output", pads=[1] * 4)]
    block = helper.make_function("local", "Block", ["input", "weight"], ["output"], body, OPSET[:1])
    nodes = [helper.make_node("Block", ["x", "v"], ["a"], name="first", domain="local"),
             helper.make_node("Block", ["a", "w"], ["y"], name="second", domain="local")]
    weights = [ramp("v", 8, 3, 3, 3), ramp("w", 8, 8, 3, 3)]
    opsets = [*OPSET, helper.make_opsetid("local", 1)]
    return model(nodes, [value("x", 1, 3, 16, 16)], [value("y", 1, 8, 16, 16)], weights, [block], opsets)


def fused():
    nodes = [conv("x", "w", "a", "b", op="FusedConv", domain="com.microsoft", activation="Relu", pads=[1] * 4),
             conv("a", "v", "y", strides=[2, 2])]
    weights = [ramp("w", 8, 3, 3, 3), ramp("b", 8), ramp("v", 8, 8, 3, 3)]
    return model(nodes, [value("x", 1, 3, 16, 16)], [value("y")], weights)


def quantised():
    scale = lambda name: numpy_helper.from_array(np.array(0.05, dtype=np.float32), name)
    zero = lambda name: numpy_helper.from_array(np.array(0, dtype=np.int8), name)
    inputs = ["x", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero", "b"]
    node = helper.make_node("QLinearConv", inputs, ["y"], name="y", pads=[1] * 4)
    weights = [scale("x_scale"), zero("x_zero"), ramp("w", 8, 3, 3, 3, dtype=np.int8), scale("w_scale"), zero("w_zero"),
               scale("y_scale"), zero("y_zero"), ramp("b", 8, dtype=np.int32)]
    int8 = TensorProto.INT8
    return model([node], [value("x", 1, 3, 16, 16, kind=int8)], [value("y", kind=int8)], weights)


def int4():
    packed = helper.make_tensor("q", TensorProto.INT4, [8, 3, 3, 3], [it % 8 for it in range(216)])
    scale = numpy_helper.from_array(np.array(0.05, dtype=np.float32), "scale")
    nodes = [helper.make_node("DequantizeLinear", ["q", "scale"], ["w"], name="w"), conv("x", "w", "y", pads=[1] * 4)]
    return model(nodes, [value("x", 1, 3, 16, 16)], [value("y")], [packed, scale])


def missing_data():
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[8, 3, 3, 3], data_location=TensorProto.EXTERNAL)
    for key, text in [("location", "not-downloaded.bin"), ("offset", "0"), ("length", str(8 * 27 * 4))]:
        weight.external_data.add(key=key, value=text)
    return model([conv("x", "w", "y", pads=[1] * 4)], [value("x", 1, 3, 16, 16)], [value("y")], [weight])


def dynamic():
    nodes = [conv("x", "w", "a", strides=[2, 2], pads=[1] * 4),
             helper.make_node("MaxPool", ["a"], ["y"], name="y", kernel_shape=[2, 2], strides=[2, 2])]
    return model(nodes, [value("x", 1, 3, "height", "width")], [value("y")], [ramp("w", 8, 3, 3, 3)])


def ceil_mode():
    pool = helper.make_node("MaxPool", ["x"], ["y"], name="y", kernel_shape=[2, 2], strides=[3, 3], pads=[1] * 4, ceil_mode=1)
    return model([pool], [value("x", 1, 4, 8, 8)], [value("y")], [])


def normalised():
    nodes = [conv("x", "w", "a", pads=[1] * 4),
             helper.make_node("BatchNormalization", ["a", "scale", "shift", "mean", "var"], ["y"], name="y")]
    weights = [ramp("w", 8, 3, 3, 3), ramp("scale", 8), ramp("shift", 8), ramp("mean", 8), ramp("var", 8)]
    return model(nodes, [value("x", 1, 3, 16, 16)], [value("y")], weights)


# What makes the model, what it is about, and what is true of it: parameters, multiply-accumulates of one sample, sizes of
# the output, bytes of the weights. A question that has no one answer (a Loop's MACs) is not asked. A tool may count the
# bias among the MACs: `bias_adds` more are right too.
CASES = [
    (tied, "one weight, two convolutions", {"params": 8 * 8 * 9, "macs": 2 * 256 * 8 * 72, "output": "1x8x16x16"}),
    (dead, "a convolution that reaches no output", {"params": 8 * 27, "output": "1x8x16x16"}),
    (constant_node, "the weight is a Constant node", {"params": 8 * 27, "macs": 256 * 8 * 27, "output": "1x8x16x16"}),
    (constant_of_shape, "the weight comes from ConstantOfShape", {"params": 8 * 27, "macs": 256 * 8 * 27, "output": "1x8x16x16"}),
    # Running mean and variance are buffers, no parameters.
    (normalised, "BatchNormalization", {"params": 8 * 27 + 8 + 8, "output": "1x8x16x16"}),
    # Every input position owns a kernel; (10 - 1) * 2 - 2 + 3 + 1 = 20.
    (grouped_transpose, "ConvTranspose in 4 groups", {"params": 16 * 2 * 9 + 8, "macs": 16 * 100 * 2 * 9, "bias_adds": 8 * 400, "output": "1x8x20x20"}),
    # ceil(15 / 2) and ceil(16 / 2).
    (same_padding, "SAME_UPPER, stride 2, an odd height", {"params": 8 * 27, "macs": 64 * 8 * 27, "output": "1x8x8x8"}),
    # Windows start at -1, 2, 5; a fourth would start at 8, in the padding behind the input.
    (ceil_mode, "a pool that rounds up", {"output": "1x4x3x3"}),
    (both_branches, "a convolution in each branch of an If", {"params": 2 * 8 * 27, "output": "1x8x16x16"}),
    (loop, "a convolution in a Loop", {"params": 8 * 72, "output": "1x8x16x16"}),
    (function, "convolutions in a function of the model", {"params": 8 * 27 + 8 * 72, "macs": 256 * 8 * 27 + 256 * 8 * 72, "output": "1x8x16x16"}),
    # floor((16 - 3) / 2) + 1 = 7.
    (fused, "ONNX Runtime's FusedConv", {"params": 8 * 27 + 8 + 8 * 72, "macs": 256 * 8 * 27 + 49 * 8 * 72, "output": "1x8x7x7"}),
    # Scales and zero points are no parameters.
    (quantised, "QLinearConv", {"params": 8 * 27 + 8, "macs": 256 * 8 * 27, "bias_adds": 8 * 256, "bytes": 8 * 27 + 8 * 4, "output": "1x8x16x16"}),
    (int4, "weights of 4 bits", {"params": 8 * 27, "bytes": 8 * 27 // 2, "output": "1x8x16x16"}),
    (missing_data, "the file with the weights is not there", {"params": 8 * 27, "macs": 256 * 8 * 27, "output": "1x8x16x16"}),
    # floor((floor((height - 1) / 2) + 1) / 2), and at 33 and 40 that is 8 and 10.
    (dynamic, "height and width are open", {"params": 8 * 27, "output": "1x8x8x10"}),
]


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    os.makedirs(arguments[0], exist_ok=True)
    for make, *_ in CASES:
        with open(os.path.join(arguments[0], f"{make.__name__}.onnx"), "wb") as file:
            file.write(make().SerializeToString())


if __name__ == "__main__":
    main(sys.argv[1:])
