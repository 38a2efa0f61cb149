"""Puts many test files into few units, so that what they all include is compiled once a unit.

    unity.py UNIT… -- FILE…

Each file gets a namespace of its own, as its helpers are named like those of others. What it
includes comes before, once. That each header compiles alone, the suite `install` shows.
"""

import sys
from pathlib import Path

separator = sys.argv.index("--")
units = [Path(name) for name in sys.argv[1:separator]]
files = [Path(name).resolve() for name in sys.argv[separator + 1:]]
share = -(-len(files) // len(units))


def includes_of(file):
    """What it includes, by the whole address where it has that beside it."""
    for line in file.read_text().splitlines():
        if line.startswith("#include "):
            beside = file.parent / line.split()[1].strip('"')
            yield f'#include "{beside}"' if beside.exists() else line


def text_of(files):
    includes = dict.fromkeys(line for file in files for line in includes_of(file))
    bodies = [f'namespace file_{number} {{\n#include "{file}"\n}}'
              for number, file in enumerate(files)]
    return "\n".join([*includes, *bodies, ""])


for number, unit in enumerate(units):
    text = text_of(files[number * share:(number + 1) * share])
    # One that stays the same is not compiled again.
    if not unit.exists() or unit.read_text() != text:
        unit.write_text(text)
