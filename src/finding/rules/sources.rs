//! Rules about where the geometry of a file without a graph comes from.

use super::Level::Warning;
use super::Rule;

/// Those rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "recipe",
        level: Warning,
        title: "a recipe fits the tensors, and something is to be said beside it",
        found: "The family was told by the tensors, and another network has the same ones, or what lies beside asks for something else.",
        why: "Strides leave no trace in tensors: two networks may hold the same ones and differ in sizes.",
        fix: "Give the geometry with --geometry or --graph, or the network's name in config.json.",
        example: "resnet50 and resnetaa50 hold the same tensors and differ in strides.",
    },
    Rule {
        name: "neighbour",
        level: Warning,
        title: "a file beside the model could not be read",
        found: "A config.json or geometry file lies beside the model, and there is a mistake in it.",
        why: "What it would tell is not used; the geometry comes from elsewhere or stays unknown.",
        fix: "Mend the file as the message says, or name another with --geometry.",
        example: "config.json ends in the middle of a line after a download that was cut off.",
    },
    Rule {
        name: "not-covered",
        level: Warning,
        title: "the geometry leaves out convolutions of the file",
        found: "Convolutions have tensors in the file and no line in its geometry.",
        why: "They are listed and count in no total, so the totals are those of a part of the network.",
        fix: "Add their lines to the geometry file; cnninspect geometry MODEL prints what is there.",
        example: "A geometry of 5 lines over a file with 7 convolutions.",
    },
    Rule {
        name: "unbound",
        level: Warning,
        title: "convolutions of a graph found no weight in the file",
        found: "The graph given with --graph has convolutions for which no tensor fits by name or by sizes.",
        why: "What they store is not known, and graph and weights may be of two networks.",
        fix: "Give the graph of this very network, exported from the weights' version.",
        example: "The graph of ResNet-50 over the tensors of ResNet-34.",
    },
    Rule {
        name: "channels",
        level: Warning,
        title: "a line of a geometry file gives other channels than the next takes",
        found: "A convolution takes a number of channels that the line it reads does not give.",
        why: "A branch or a join is missing from the file, and the sizes that follow may be wrong.",
        fix: "Name what it reads with from, or from = [\"a\", \"b\"] for several; groups = 1 accepts a split.",
        example: "conv4 takes 256 channels and the line above gives 128, half of a join.",
    },
    Rule {
        name: "pinned-size",
        level: Warning,
        title: "a stated output size is not what stride and padding give",
        found: "A geometry file's out or --output-size says another size than the rule of the layer.",
        why: "The stated size is used. One of the two is wrong: the size, or the stride, padding or input.",
        fix: "Measure the output again, or mend stride and padding.",
        example: "out = [28, 28] where kernel 3, stride 1 and padding 1 on 56 give 56.",
    },
    Rule {
        name: "packed-weights",
        level: Warning,
        title: "the weights are packed by a quantiser",
        found: "Tensors hold several small numbers in each element, with scales beside them.",
        why: "Their sizes are not the network's, so they cannot be counted as convolutions.",
        fix: "Look at the file before it was quantised.",
        example: "A 4-bit weight of 4096×4096 is stored as 4096×512 int32.",
    },
    Rule {
        name: "lora",
        level: Warning,
        title: "the file holds changes to a network, not a network",
        found: "Names and sizes are those of low-rank changes to another network's weights (LoRA).",
        why: "Its convolutions are not in this file; counting the factors would mean nothing.",
        fix: "Merge the changes into their network, and look at that.",
        example: "conv.lora_down.weight of 8×320×3×3 and conv.lora_up.weight of 320×8×1×1.",
    },
];
