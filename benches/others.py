#!/usr/bin/env python3
"""What other tools say of the models in `fixtures/cases`, beside what is true.

    python3 benches/others.py > benches/others.json

Installs the tools below, in these versions, into a folder of its own, and asks each in a process of its own what it
answers at all: onnx, onnxsim and tract infer shapes, onnx-tool counts as well, torchinfo counts where the network can
be written in PyTorch without changing what the case is about. Needs 3 GB for PyTorch; takes some minutes.
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile
import venv

PACKAGES = {
    "onnx": "1.23.2",
    "onnx-tool": "1.0.1",
    "onnxsim": "0.8.1",
    "tract": "0.23.9",
    "torchinfo": "1.8.0",
    "torch": "2.15.0",
}
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "cases")
# Sizes for the names that a case leaves open, where a formula is answered.
OPEN = {"height": 33, "width": 40}


def sizes(dims):
    """Sizes as `1x8x16x16`; `?` for what is not told."""
    return "x".join(str(it) if it not in (None, "") and not str(it).startswith("unk__") else "?" for it in dims)


def dims(info):
    return [it.dim_value or it.dim_param for it in info.type.tensor_type.shape.dim]


def onnx_inference(path, _):
    import onnx

    model = onnx.load(path, load_external_data=False)
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    return {"output": sizes(dims(model.graph.output[0]))}


def onnx_tool(path, _):
    import onnx_tool

    model = onnx_tool.Model(path)
    graph = model.graph
    graph.shape_infer(None)
    graph.profile()
    output = graph.tensormap[graph.output[0]].get_shape()
    return {"params": int(graph.params), "macs": int(graph.macs[0]), "output": sizes(output)}


def onnxsim(path, _):
    import onnxsim

    model, _ = onnxsim.simplify(path)
    return {"output": sizes(dims(model.graph.output[0]))}


def tract(path, _):
    import tract

    model = tract.onnx().load(path)
    model.analyse()
    found = model.output_fact(0).dump().split(",")[:-1]
    known = lambda it: str(eval(it.replace("/", "//"), {}, dict(OPEN))) if any(name in it for name in OPEN) else it
    return {"output": sizes([None if it in ("?", "..") else known(it) for it in found])}


def torchinfo(_, case):
    import torch
    from torch import nn
    from torchinfo import summary

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(8, 8, 3, padding=1, bias=False)
            self.second = nn.Conv2d(8, 8, 3, padding=1, bias=False)
            self.second.weight = self.first.weight

        def forward(self, x):
            return self.second(self.first(x))

    class Dead(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
            self.unused = nn.Conv2d(3, 64, 3, padding=1, bias=False)

        def forward(self, x):
            self.unused(x)
            return self.conv(x)

    conv = lambda: nn.Conv2d(3, 8, 3, padding=1, bias=False)
    nets = {
        "tied": (Tied, (8, 16, 16)),
        "dead": (Dead, (3, 16, 16)),
        "normalised": (lambda: nn.Sequential(conv(), nn.BatchNorm2d(8)), (3, 16, 16)),
        "grouped_transpose": (
            lambda: nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1, groups=4), (16, 10, 10)),
        "ceil_mode": (lambda: nn.MaxPool2d(2, 3, padding=1, ceil_mode=True), (4, 8, 8)),
    }
    if case not in nets:
        return None
    make, size = nets[case]
    net = make()
    told = summary(net, input_size=(1, *size), verbose=0)
    output = net(torch.zeros(1, *size)).shape
    return {"params": told.total_params, "macs": int(told.total_mult_adds), "output": sizes(output)}


TOOLS = {
    "onnx.shape_inference": onnx_inference,
    "onnx-tool": onnx_tool,
    "onnxsim": onnxsim,
    "tract": tract,
    "torchinfo": torchinfo,
}


def ask(python, tool, case):
    """What a tool answers; null where it is not asked, and its own words where it fails."""
    command = [python, os.path.abspath(__file__), "--ask", tool, case]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        lines = [it.strip() for it in done.stderr.splitlines() if it.strip() and not it.startswith(" ")]
        word = next((it for it in lines if "Error" in it), lines[-1] if lines else "")
        return {"error": word.replace(os.path.realpath(FOLDER), "…").replace(FOLDER, "…")[:160]}
    return json.loads(done.stdout.splitlines()[-1])


def installed(folder):
    venv.create(folder, with_pip=True)
    python = os.path.join(folder, "bin", "python")
    packages = [f"{name}=={version}" for name, version in PACKAGES.items()]
    subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True, stdout=sys.stderr)
    return python


def main(arguments):
    if arguments[:1] == ["--ask"]:
        _, tool, case = arguments
        answer = TOOLS[tool](os.path.join(FOLDER, f"{case}.onnx"), case)
        print()
        print(json.dumps(answer))
        return
    with tempfile.TemporaryDirectory() as folder:
        # A Python that has them already can be named, to save the download.
        python = arguments[0] if arguments else installed(folder)
        show = "import sys; sys.path.insert(0, sys.argv[1]); import json, cases; print(json.dumps([[c[0].__name__, *c[1:]] for c in cases.CASES]))"
        cases = subprocess.run([python, "-c", show, os.path.dirname(os.path.abspath(__file__))], capture_output=True, text=True, check=True)
        rows = []
        for name, about, truth in json.loads(cases.stdout):
            answers = {tool: ask(python, tool, name) for tool in TOOLS}
            rows.append({"case": name, "about": about, "truth": truth, "answers": answers})
    print(json.dumps({"date": str(datetime.date.today()), "versions": PACKAGES, "cases": rows}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
