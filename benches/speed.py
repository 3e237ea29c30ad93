#!/usr/bin/env python3
"""How fast cnninspect is beside other readers of ONNX files, and beside the limit of the file itself.

    pip install onnx==1.23.2 onnx-tool==1.0.1
    cargo build --release
    python3 benches/speed.py target/release/cnninspect [--tract PATH] [--only resnet50,vgg16,large]

Makes ResNet-50 (102 MB), VGG-16 (553 MB) and a file of 2 GB, runs each tool as a process of its own, and prints a
Markdown table: time with the file in the page cache and dropped from it, bytes of the file that were read, peak memory.
`skip scan` (benches/skip_scan.rs) steps over every payload and does nothing else: the limit of any reader.
Exits with 1 where a target is missed: 20 times faster than `onnx.load` (both as whole processes), within twice of the skip
scan plus the start of our process, under 1 % of the file, under 16 MB. `--make FILE` only writes ResNet-50.
"""

import argparse
import json
import os
import shutil
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
        return self.finish(x)

    def finish(self, x):
        image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 224, 224])
        scores = onnx.ValueInfoProto(name=x)
        scores.type.tensor_type.elem_type = TensorProto.FLOAT
        graph = helper.make_graph(self.nodes, "net", [image], [scores], self.weights)
        opset = helper.make_opsetid("", 17)
        return helper.make_model(graph, ir_version=8, opset_imports=[opset])


def make(path):
    onnx.save(Net().model(), path)


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


def vgg16():
    """VGG-16 (Simonyan and Zisserman 2014, configuration D) at 224x224."""
    net = Net()
    x, channels = "input", 3
    for stage, (width, count) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], 1):
        for at in range(1, count + 1):
            name = f"conv{stage}_{at}"
            parameters = [net.weight(f"{name}.weight", width, channels, 3, 3), net.weight(f"{name}.bias", width)]
            x = net.node("Conv", [x, *parameters], name, kernel_shape=[3, 3], pads=[1] * 4)
            x = net.node("Relu", [x], f"{name}.relu")
            channels = width
        x = net.node("MaxPool", [x], f"pool{stage}", kernel_shape=[2, 2], strides=[2, 2])
    x, features = net.node("Flatten", [x], "flat"), 512 * 49
    for name, width in [("fc6", 4096), ("fc7", 4096), ("fc8", 1000)]:
        parameters = [net.weight(f"{name}.weight", width, features), net.weight(f"{name}.bias", width)]
        x, features = net.node("Gemm", [x, *parameters], name, transB=1), width
    return net.finish(x)


def large():
    """Just under protobuf's 2 GiB: a wide VGG-like net of 64 MiB kernels."""
    net = Net()
    x = net.node("Conv", ["input", net.weight("stem.weight", 1300, 3, 3, 3)], "stem", kernel_shape=[3, 3], pads=[1] * 4)
    for at in range(34):
        weight = net.weight(f"conv{at}.weight", 1300, 1300, 3, 3)
        x = net.node("Conv", [x, weight], f"conv{at}", kernel_shape=[3, 3], pads=[1] * 4)
    return net.finish(x)


MODELS = {"resnet50": lambda: Net().model(), "vgg16": vgg16, "large": large}

# The two jobs of Python's onnx, and onnx-tool's profile.
LOAD = "import sys, onnx; onnx.load(sys.argv[1])"
INFER = "import sys, onnx; onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1]))"
TOOL = "import sys, numpy, onnx_tool; onnx_tool.model_profile(sys.argv[1], {'input': numpy.ones((1, 3, 224, 224), 'f4')}, None)"


def tools(arguments, scan):
    """Name, command before the file's path, runs."""
    python = sys.executable
    out = [
        ("skip scan", [scan], 15),
        ("cnninspect", [arguments.binary, "--verify", "none", "--format", "json"], 15),
        ("onnx.load", [python, "-c", LOAD], 5),
        ("onnx.load + infer_shapes", [python, "-c", INFER], 3),
        ("onnx-tool", [python, "-c", TOOL], 1),
    ]
    if arguments.tract:
        out.append(("tract dump", [arguments.tract, "--onnx-ignore-output-shapes", "--pass", "analyse"], 3))
    return out


def drop(path):
    """Drops a file from the page cache; its pages must be on the disk first."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def times(command, path, runs, cold):
    """Median seconds, peak memory in bytes, output; `None` where the tool fails."""
    seconds, peaks = [], []
    for _ in range(runs):
        if cold:
            drop(path)
        try:
            took, peak, output = run(command)
        except SystemExit:
            return None
        except subprocess.CalledProcessError:
            return None
        seconds.append(took)
        peaks.append(peak)
    return median(seconds), max(peaks), output


def start(binary):
    return median([run([binary, "--version"])[0] for _ in range(15)])


def share(name, output, path):
    """Bytes of the file that were read, where the tool tells."""
    if name == "cnninspect":
        return json.loads(output)["model"]["bytes_read"]
    if name == "skip scan":
        return int(output.split()[2])
    return os.path.getsize(path)


def compare(arguments, scan, model, path):
    """Prints the rows of one file; whether its targets are met."""
    size, rows = os.path.getsize(path), {}
    for name, command, runs in tools(arguments, scan):
        command = [*command, path] if "tract" not in name else [command[0], path, *command[1:], "dump"]
        run_once = times(command, path, 1, cold=False)
        warm = run_once and times(command, path, runs, cold=False)
        cold = warm and times(command, path, min(runs, 5), cold=True)
        rows[name] = warm and (*warm, cold[0])
    ours = rows["cnninspect"]
    for name, row in rows.items():
        if not row:
            print(f"| {model} | {name} | fails | | | | |")
            continue
        warm, peak, output, cold = row
        read = share(name, output, path)
        print(f"| {model}, {size / 1e6:,.0f} MB | {name} | {warm * 1e3:,.1f} ms | {cold * 1e3:,.1f} ms "
              f"| {warm / ours[0]:,.1f} | {read:,} ({read / size:.2%}) | {peak / 1e6:,.1f} MB |", flush=True)
    load = rows["onnx.load"]
    limit = rows["skip scan"][0] + start(arguments.binary)
    read = share("cnninspect", ours[2], path)
    print(f"{model}: {ours[0] / limit:.2f} times the skip scan plus the start of a process", file=sys.stderr)
    return load[0] / ours[0] >= 20 and ours[0] <= 2 * limit and read < 0.01 * size and ours[1] < 16e6


def built_scan():
    """The skip scan's binary, built as a bench."""
    command = ["cargo", "bench", "--no-run", "--bench", "skip_scan", "--message-format=json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    lines = [json.loads(it) for it in done.stdout.splitlines()]
    return next(it["executable"] for it in lines if it.get("target", {}).get("name") == "skip_scan" and it.get("executable"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--make", metavar="FILE")
    parser.add_argument("--tract", metavar="PATH", help="tract's command line, where it is built")
    parser.add_argument("--scan", metavar="PATH", help="the skip scan, where it is built already")
    parser.add_argument("--only", default=",".join(MODELS))
    arguments = parser.parse_args()
    if arguments.make:
        return make(arguments.make)
    if not arguments.binary:
        parser.error("which binary?")
    arguments.binary = os.path.abspath(arguments.binary)
    if arguments.tract:
        arguments.tract = shutil.which(arguments.tract) or parser.error("tract is not there")
    scan, fine = arguments.scan or built_scan(), True
    print("| file | reader | warm | cold | of ours | bytes read | peak memory |")
    print("|---|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only.split(","):
            path = os.path.join(folder, f"{name}.onnx")
            onnx.save(MODELS[name](), path)
            fine &= compare(arguments, scan, name, path)
            os.remove(path)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
