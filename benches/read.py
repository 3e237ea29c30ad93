#!/usr/bin/env python3
"""How long cnninspect takes for a 100 MB ResNet-50, beside Python's `onnx.load` alone.

    pip install onnx
    cargo build --release
    python3 benches/read.py target/release/cnninspect

Makes the file itself (ResNet-50's shapes, random weights) and prints the ratio of times ("alone": without the start
of the process on either side, so Python's import is not held against it), the share of the
file that was read, and the peak memory. Exits with 1 where a target is missed: 20 times faster, under 1 % of
the file, under 16 MB. `--make FILE` only writes the file.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STAGES = [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]
RUNS = 15


class Net:
    """ResNet-50 (He et al. 2015, version 1.5: the stride is in the 3x3 convolution)."""

    def __init__(self):
        self.nodes, self.weights = [], []
        self.random = np.random.default_rng(50)

    def weight(self, name, *shape):
        values = self.random.standard_normal(shape, dtype=np.float32) * 0.05
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, op, inputs, name, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def conv_bn(self, x, name, c_in, c_out, kernel, stride, relu=True):
        pad = kernel // 2
        weight = self.weight(f"{name}.weight", c_out, c_in, kernel, kernel)
        x = self.node("Conv", [x, weight], f"{name}.conv", kernel_shape=[kernel] * 2,
                      strides=[stride] * 2, pads=[pad] * 4)
        parts = ["scale", "bias", "mean", "var"]
        parameters = [self.weight(f"{name}.bn.{it}", c_out) for it in parts]
        x = self.node("BatchNormalization", [x, *parameters], f"{name}.bn", epsilon=1e-5)
        return self.node("Relu", [x], f"{name}.relu") if relu else x

    def block(self, x, name, c_in, width, stride):
        y = self.conv_bn(x, f"{name}.1", c_in, width, 1, 1)
        y = self.conv_bn(y, f"{name}.2", width, width, 3, stride)
        y = self.conv_bn(y, f"{name}.3", width, width * 4, 1, 1, relu=False)
        if stride != 1 or c_in != width * 4:
            x = self.conv_bn(x, f"{name}.down", c_in, width * 4, 1, stride, relu=False)
        return self.node("Relu", [self.node("Add", [y, x], f"{name}.add")], f"{name}.out")

    def model(self):
        x = self.conv_bn("input", "stem", 3, 64, 7, 2)
        x = self.node("MaxPool", [x], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        channels = 64
        for stage, (width, blocks, stride) in enumerate(STAGES, 1):
            for at in range(blocks):
                x = self.block(x, f"layer{stage}.{at}", channels, width, stride if at == 0 else 1)
                channels = width * 4
        x = self.node("Flatten", [self.node("GlobalAveragePool", [x], "gap")], "flat")
        parameters = [self.weight("fc.weight", 1000, 2048), self.weight("fc.bias", 1000)]
        x = self.node("Gemm", [x, *parameters], "fc", transB=1)
        image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 224, 224])
        scores = helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 1000])
        graph = helper.make_graph(self.nodes, "resnet50", [image], [scores], self.weights)
        opset = helper.make_opsetid("", 17)
        return helper.make_model(graph, ir_version=8, opset_imports=[opset])


def make(path):
    model = Net().model()
    onnx.checker.check_model(model)
    onnx.save(model, path)


# Runs a command from a small process: Linux counts the memory of the one that starts a program as the
# program's own peak, and this one holds a model. What it measures is therefore at most some MB too much.
LAUNCHER = """
import os, sys, time
started = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - started, usage.ru_maxrss, status, file=sys.stderr)
"""


def run(command):
    """Seconds, peak memory in bytes (an upper bound), and output of one process."""
    launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launch, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    seconds, peak, status = done.stderr.split()[-3:]
    if int(status) != 0:
        sys.exit(done.stderr.decode())
    kib = 1 if sys.platform == "darwin" else 1024
    return float(seconds), int(peak) * kib, done.stdout


def median(values):
    return sorted(values)[len(values) // 2]


def compare(binary, path):
    """The two jobs alone, without the start of either process, and the two processes whole."""
    command = [binary, "--verify", "none", "--format", "json", path]
    load = [sys.executable, "-c", "import sys, onnx; onnx.load(sys.argv[1])", path]
    runs, starts, loads, pythons = [], [], [], []
    # In turns, so that a machine that slows down slows down all of them.
    for _ in range(RUNS):
        runs.append(run(command))
        starts.append(run([binary, "--version"])[0])
        started = time.perf_counter()
        onnx.load(path)
        loads.append(time.perf_counter() - started)
        pythons.append(run(load)[0])
    whole = median([it[0] for it in runs])
    alone = median([it[0] - start for it, start in zip(runs, starts)])
    document = json.loads(runs[0][2])["model"]
    share = document["bytes_read"] / document["file_bytes"]
    peak = max(it[1] for it in runs)
    ratio = median(loads) / alone
    print(f"file            {document['file_bytes']:,} bytes; medians of {RUNS} runs")
    print(f"                {'cnninspect':>12}  {'onnx.load':>12}")
    print(f"alone           {alone * 1e3:>9.1f} ms  {median(loads) * 1e3:>9.1f} ms  {ratio:.1f} times faster (target 20)")
    print(f"whole process   {whole * 1e3:>9.1f} ms  {median(pythons) * 1e3:>9.1f} ms  {median(pythons) / whole:.1f} times faster")
    print(f"read            {document['bytes_read']:,} bytes, {share:.2%} (target under 1 %)")
    print(f"peak            at most {peak / 1e6:.1f} MB (target under 16)")
    return ratio >= 20 and share < 0.01 and peak < 16e6


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--make":
        return make(arguments[1])
    if len(arguments) != 1:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "resnet50.onnx")
        make(path)
        return 0 if compare(os.path.abspath(arguments[0]), path) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
