#!/usr/bin/env python3
"""snippets_test - the examples in headers and documents compile, and what they assert is true.

    python3 tests/snippets_test.py INCLUDE_DIR [options of the compiler]

Each block of comment lines that begin with `//   ` (three spaces) is C++ and is compiled here. What
is not C++, a shell's line or a piece of JSON, stands behind five spaces and is left alone. A block
is the inside of a function, or stands outside of one if it begins with a function or a template, or
makes tests. It sees its header's namespaces and all headers, may use the names of KNOWN without
declaring them, and may call fail(…) and show(…). The blocks of the headers in the first folder,
which need the standard library alone, are also run if they assert something. So are those of
documents, ```cpp, that are no whole program. CXX names the compiler.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

# What a block may use without declaring it, by where its header is; the longest folder counts.
KNOWN = {
    "": {
        "store": "comments::store& store",
        "service": "comments::service& service",
        "api": "comments::service& api",
        "metrics": "comments::registry& metrics",
        "clock": "comments::clock clock",
        "now": "comments::instant now",
        "written": "comments::draft written",
        "id": "comments::comment_id id",
        "ids": "std::vector<comments::comment_id> ids",
        "content_id": "std::string content_id",
        "who": "comments::principal who",
        "options": "comments::service_options options",
    },
    "deployments/": {
        "said": "comments::deployment said",
        "log": "comments::deployment_log& log",
    },
    "store/sqlite/deployments": {"said": "comments::deployment said"},
    "store/postgres/deployments": {"said": "comments::deployment said"},
    "docs/": {
        "store_of_ana": "comments::store& store_of_ana",
        "store_of_ben": "comments::store& store_of_ben",
    },
    "store/sqlite/": {
        "file": "comments::sqlite::file_options file",
    },
    "store/postgres/": {
        "connection": "comments::postgres::connection& connection",
        "options": "comments::postgres::connection_options options",
    },
}

PRELUDE = """
#include <cassert>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

// What an example does with a failure, and with a value, is its reader's business.
template <typename... T>
int fail(const T&...) { return 1; }
template <typename... T>
void show(const T&...) {}
"""

# What the blocks that are run find behind the names of KNOWN.
FIXTURE = """
  comments::memory_store store;
  comments::service service{store};
  comments::service& api = service;
  comments::registry metrics;
  const comments::clock clock = comments::system_clock();
  const comments::instant now = clock();
  const comments::draft written{.content_id = "1", .author = {.name = "Ana"}, .body = "Oi"};
  const comments::principal who;
  const comments::service_options options;
"""

# What the blocks of documents that are run include and link.
DOCUMENTED = [f"comments/{name}.hpp" for name in (
    "comments", "rules/links", "json/record", "api/routes", "api/client", "testing/service",
    "testing/failing_store", "testing/matchers")]
LIBRARIES = ["-lcrypto", "-lz"]

# Does a block begin with something that cannot stand in a function?
OUTSIDE = re.compile(r"template\b|namespace\b|(?!return\b|if\b|else\b)"
                     r"[\w:<>&*, ]+[ &*]\w+\([^()]*\)(?: const)? \{$")

# Does it make tests of a framework, which stand outside, too?
REGISTERS = re.compile(r"^COMMENTS_(DOCTEST|GTEST|CATCH2)\(", re.M)


class Block(NamedTuple):
    header: str
    line: int
    text: str


def blocks_of(path, header):
    """Each run of lines `//   code`; a line `//` between two of them belongs to it."""
    found, begun = [], 0
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        code = re.match(r" *//(   .*|)$", line)
        if code and (found or code[1]):
            begun = begun if found else number
            found.append(code[1][3:])
        elif found:
            if not found[0].startswith(" "):
                yield Block(header, begun, "\n".join(found).rstrip())
            found = []


def fences_of(path, name):
    """Each block of C++ in a document. A whole program becomes a function like any other."""
    found, begun = [], 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line == "```cpp":
            found, begun = [], number + 1
        elif line == "```" and begun:
            yield Block(name, begun, "\n".join(found))
            begun = 0
        elif begun:
            found.append(line)


def namespaces_of(text):
    """The library's namespaces that a header opens, without the private ones, and those around."""
    names, around = {"comments"}, []
    for line in reversed(text.splitlines()):  # at its end a namespace says its name
        if line.startswith("}  // namespace "):
            around.append(line.split()[-1])
            parts = "::".join(around).split("::")
            if "detail" not in parts:
                names |= {"::".join(parts[:count]) for count in range(1, len(parts) + 1)}
        elif around and line == f"namespace {around[-1]} {{":
            around.pop()
    return sorted(names)


def names_for(header):
    names = {}
    for folder in sorted(KNOWN, key=len):
        if header.startswith(folder):
            names |= KNOWN[folder]
    return names


def needed_names(block):
    """What the block uses and does not declare: each name with its declaration as a parameter."""
    code = re.sub(r"//.*|\"(?:\\.|[^\"\\])*\"", "", block.text)
    for name, declaration in names_for(block.header).items():
        used = re.search(rf"(?<![\w.:><])(?<!const ){name}\b(?!::|{{| *[\w&>])", code)
        declared = re.search(rf"[\w>&*\]] +{name}\b *[;={{(,:)]|\[[^\]=]*\b{name}\b[^\]]*\] *=|"
                             rf"(?:auto|\w)[&*]+ {name}\b", code)
        if used and not declared:
            yield name, declaration


def wrapped(number, block, namespaces):
    used = "\n".join(f"using namespace {name};" for name in namespaces)
    includes = "\n".join(re.findall(r"^#include .*$", block.text, re.M))
    text = re.sub(r"^#include .*$", "", block.text, flags=re.M)
    first = next((line for line in text.splitlines() if line and not line.startswith("//")), "")
    place = f'#line {block.line} "{block.header}"'
    head, foot = "", ""
    if not OUTSIDE.match(first) and not REGISTERS.search(text):
        parameters = ", ".join(declaration for _, declaration in needed_names(block))
        head, foot = f"auto run({parameters}) {{", "}"
    return "\n".join([includes, f"namespace snippet_{number} {{", used, head, place, text, foot,
                      "}\n"])


def text_of(include, headers, blocks):
    """One source of many blocks. Block n is the function snippet_n::run."""
    text = PRELUDE + "".join(f"#include <{header}>\n" for header in headers)
    for number, block in enumerate(blocks):
        header = include / "comments" / block.header
        text += wrapped(number, block, namespaces_of(header.read_text()) if header.exists() else [])
    return text


def compiled(include, text, how, options):
    command = [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++20", f"-I{include}", "-w",
               *how, "-x", "c++", "-", *options]
    return subprocess.run(command, input=text, text=True, check=False, capture_output=True)


def wrong_of(messages, blocks):
    """The blocks that the compiler has errors in. Prints these errors."""
    for message in messages.splitlines():
        if error := re.match(r"(.+?):(\d+):\d+: (?:fatal )?error: ", message):
            print(message)
            yield from (block for block in blocks if block.header == error[1] and block.line <=
                        int(error[2]) <= block.line + block.text.count("\n") + 1)


def run(include, blocks, headers, options):
    """Runs what the blocks assert, until something is false. Returns whether all of it is true."""
    calls = "".join(
        f"  snippet_{number}::run({', '.join(name for name, _ in needed_names(block))});\n"
        for number, block in enumerate(blocks))
    text = text_of(include, headers, blocks)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "snippets"
        ended = compiled(include, text + f"int main() {{{FIXTURE}{calls}}}\n",
                         ["-pthread", "-o", program], options)
        if ended.returncode == 0:
            ended = subprocess.run([program], text=True, check=False, capture_output=True)
    print(ended.stderr, end="")
    return ended.returncode == 0


def main(include, options):
    root = include.parent
    headers = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.hpp"))
    blocks = [block for header in headers
              for block in blocks_of(include / header, header.removeprefix("comments/"))]
    documents = [block for path in [root / "README.md", *sorted(root.glob("docs/*.md"))]
                 for block in fences_of(path, path.relative_to(root).as_posix())]
    blocks += documents
    ended = compiled(include, text_of(include, headers, blocks),
                     ["-DCOMMENTS_COMPILED", "-fsyntax-only"], options)
    wrong = set(wrong_of(ended.stderr, blocks))
    if ended.returncode and not wrong:
        print(ended.stderr)  # the error is in no block
        return 1
    words = [block for block in blocks if "assert(" in block.text and "/" not in block.header]
    told = [block for block in documents if "assert(" in block.text]
    needed = ["comments/comments.hpp", *sorted({f"comments/{block.header}" for block in words})]
    failed = len(wrong) or sum([not run(include, words, needed, options),
                                not run(include, told, DOCUMENTED, [*options, *LIBRARIES])])
    print(f"snippets: {len(blocks) - failed} passed, {failed} failed; "
          f"{len(words) + len(told)} were run")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
