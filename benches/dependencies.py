#!/usr/bin/env python3
"""Writes .ci/dependencies.tsv: every crate of Cargo.lock, its licence, where it is used, and how often its
source has the word `unsafe` outside of comments and strings. Ends with the sums that the README shows.

    python3 benches/dependencies.py

Where a crate is used, on the machine that this runs on: `binary` is compiled into the program, `build` runs
while it is compiled (procedural macros, build scripts), `test` is for tests and benchmarks, and `-` is for
other systems or for features that are off.
"""

import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / ".ci" / "dependencies.tsv"
# Comments, strings and characters, in which a word is no code.
NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|\br(#*)".*?"\1|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'""", re.DOTALL
)


def metadata(*arguments):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", *arguments]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def host():
    lines = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"host: (\S+)", lines)[1]


def uses(graph):
    """Where each crate of this machine's graph is used."""
    nodes = {it["id"]: it for it in graph["resolve"]["nodes"]}
    macros = {
        it["id"]
        for it in graph["packages"]
        if any("proc-macro" in target["kind"] for target in it["targets"])
    }
    root = graph["resolve"]["root"]
    found = {}

    def walk(start, use, kinds):
        open_ = [start]
        while open_:
            for dep in nodes[open_.pop()]["deps"]:
                its = {it["kind"] for it in dep["dep_kinds"]}
                if not its & kinds or dep["pkg"] in found:
                    continue
                if use == "binary" and dep["pkg"] in macros:
                    continue
                found[dep["pkg"]] = use
                open_.append(dep["pkg"])

    walk(root, "binary", {None})
    for package in [root, *found]:
        for dep in nodes[package]["deps"]:
            its = {it["kind"] for it in dep["dep_kinds"]}
            if dep["pkg"] not in found and (its & {None, "build"}):
                found[dep["pkg"]] = "build"
                walk(dep["pkg"], "build", {None, "build"})
    walk(root, "test", {"dev"})
    for package in [it for it, use in found.items() if use == "test"]:
        walk(package, "test", {None, "build"})
    return found


def unsafe(package):
    """How often the crate's own source has the word."""
    folder = pathlib.Path(package["manifest_path"]).parent
    files = [it for it in folder.rglob("*.rs") if it.relative_to(folder).parts[0] in ("src", "build.rs")]
    texts = (it.read_text(errors="replace") for it in files)
    return sum(len(re.findall(r"\bunsafe\b", NO_CODE.sub(" ", it))) for it in texts)


def main():
    used = uses(metadata("--filter-platform", host()))
    rows = []
    for package in metadata()["packages"]:
        if package["source"] is None:
            continue
        licence = package["license"].replace(" / ", " OR ").replace("/", " OR ")
        use = used.get(package["id"], "-")
        rows.append((package["name"], package["version"], licence, use, unsafe(package)))
    rows.sort()
    lines = ["crate\tversion\tlicence\tused\tunsafe"]
    lines += ["\t".join(map(str, it)) for it in rows]
    TABLE.write_text("\n".join(lines) + "\n")
    for use in ("binary", "build", "test", "-"):
        its = [it for it in rows if it[3] == use]
        none = sum(it[4] == 0 for it in its)
        print(f"{use:8} {len(its):4} crates, {none:4} without unsafe, {sum(it[4] for it in its):6} times")
    most = sorted((it for it in rows if it[3] == "binary"), key=lambda it: -it[4])[:12]
    print("most in the binary:", ", ".join(f"{it[0]} {it[4]}" for it in most))


if __name__ == "__main__":
    main()
