"""Puts many test files into few units, so that what they all include is compiled once a unit.

    unity.py UNIT… -- FILE…

Each file gets a namespace of its own, as its helpers are named like those of others. What it
includes comes before, once. That each header compiles alone, the suite `install` shows.
"""

import os
import sys
from pathlib import Path

separator = sys.argv.index("--")
units, files = sys.argv[1:separator], sys.argv[separator + 1:]
share = -(-len(files) // len(units))


def address(file, name, folder):
    """What to include for `name`, which `file` may have beside it."""
    beside = Path(file).parent / name
    return os.path.relpath(beside, folder) if beside.exists() else name


def text_of(unit, files):
    folder, includes, bodies = Path(unit).parent, {}, []
    for number, file in enumerate(files):
        for line in Path(file).read_text().splitlines():
            if line.startswith('#include "'):
                line = f'#include "{address(file, line.split(chr(34))[1], folder)}"'
            if line.startswith("#include"):
                includes[line] = None
        bodies.append(f"namespace file_{number} {{\n#include \"{os.path.abspath(file)}\"\n}}\n")
    return "\n".join(includes) + "\n" + "".join(bodies)


for number, unit in enumerate(units):
    text = text_of(unit, files[number * share:(number + 1) * share])
    # One that stays the same is not compiled again.
    if not Path(unit).exists() or Path(unit).read_text() != text:
        Path(unit).write_text(text)
