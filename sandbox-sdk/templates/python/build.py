#!/usr/bin/env python3
"""Makes a guest of a Python file: a typed subset of Python, compiled ahead of time. Python 3.11 or later.

    pip install -r requirements.txt
    python build.py guest.py          # with guest.toml beside it; makes target/guest.wasm
    visiting guest trim target/guest.wasm guest.wasm && visiting guest check guest.wasm --manifest guest.toml

The file stays a Python file: its functions can be imported and tested as they are. guest.py shows the scalar form, person.py the person
form. What can be used, and where the compiled guest differs from Python (NULL instead of an exception): `ABI.md`, "Python".

How: `compiler/` turns the file into C (target/guest.c, to be read where in doubt), the C compiler in the package `ziglang` makes the
module.
"""

import argparse
import ast
import importlib.util
import pathlib
import subprocess
import sys
import tomllib
import warnings

from compiler.guest import Guest
from compiler.words import Refused

HERE = pathlib.Path(__file__).parent
FLAGS = ["-target", "wasm32-freestanding", "-mcpu=mvp", "-O2", "-ffp-contract=off", "-fno-sanitize=undefined", "-Wl,--no-entry,-z,stack-size=4096",
         "-s", "-w", "-D_GNU_SOURCE", "-Dhidden="]
# Where the package keeps the C library's sources and headers, for power.c.
SOURCES = ["-I{}/musl/src/math", "-I{}/musl/src/internal", "-I{}/musl/arch/generic", "-isystem{}/include/wasm-wasi-musl", "-isystem{}/include/generic-musl"]


def translate(source, manifest, file="guest.py"):
    """The C of a guest, and what is refused, in the order of the file."""
    try:
        tree = ast.parse(source, file)
        with warnings.catch_warnings(action="ignore"):
            compile(tree, file, "exec")  # finds a `break` outside loops and the like; runs nothing
    except SyntaxError as error:
        at = ast.Pass(lineno=error.lineno or 1, col_offset=(error.offset or 1) - 1)
        return None, [Refused(at, f"This is not Python: {error.msg}.", f"Python として読めません（{error.msg}）。")]
    guest = Guest(tree, manifest)
    code = guest.translate()
    return code, sorted(guest.refused, key=lambda refused: (refused.line, refused.column))


def compile_c(code, out):
    """Makes the module OUT of C; the compiler's exit code."""
    zig = importlib.util.find_spec("ziglang")
    if zig is None:
        print("The C compiler is missing: pip install -r requirements.txt\n  C コンパイラがありません: pip install -r requirements.txt", file=sys.stderr)
        return 1
    out.parent.mkdir(parents=True, exist_ok=True)
    c = out.with_suffix(".c")
    c.write_text(code, "utf-8")
    libc = pathlib.Path(zig.origin).parent / "lib" / "libc"
    sources = [f"-I{HERE / 'compiler'}", *(path.format(libc) for path in SOURCES)]
    return subprocess.run([sys.executable, "-m", "ziglang", "cc", *FLAGS, *sources, "-o", out, c, HERE / "compiler" / "power.c"]).returncode


def build(path, out):
    """Says what is wrong and gives 1, or makes OUT and gives 0."""
    toml = path.with_suffix(".toml")
    try:
        manifest = tomllib.loads(toml.read_text("utf-8"))
        code, refused = translate(path.read_text("utf-8"), manifest, path.name)
    except (OSError, ValueError) as error:
        print(f"{toml.name}, {path.name}: {error}", file=sys.stderr)
        return 1
    except (KeyError, TypeError, AttributeError):
        print(f"{toml.name}: write it like guest.toml or person.toml.\n  guest.toml か person.toml のように書いてください。", file=sys.stderr)
        return 1
    for one in refused:
        print(one.show(path.name), file=sys.stderr)
    return 1 if refused else compile_c(code, out)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", type=pathlib.Path, help="the guest, its manifest beside it")
    arguments.add_argument("--out", type=pathlib.Path, help="the module (target/NAME.wasm)")
    asked = arguments.parse_args()
    sys.exit(build(asked.file, asked.out or pathlib.Path("target") / asked.file.with_suffix(".wasm").name))
