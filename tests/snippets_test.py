#!/usr/bin/env python3
"""snippets_test - the examples in the headers' comments compile.

    python3 tests/snippets_test.py INCLUDE_DIR [options of the compiler]

Each block of comment lines that begin with `//   ` (three spaces) is C++ and is compiled here. What
is not C++, a shell's line or a piece of JSON, stands behind five spaces and is left alone. A block
is the inside of a function, or stands outside of one if it begins with a function or a template. It
sees its header's namespaces and all headers, may use the names of KNOWN without declaring them, and
may call fail(…) and show(…). CXX names the compiler.
"""
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

# What a block may use without declaring it, by where its header is; the longest folder counts.
KNOWN = {
    "": {
        "store": "comments::store& store",
        "service": "comments::service& service",
        "api": "comments::service& api",
        "metrics": "comments::registry& metrics",
        "news": "comments::broadcast& news",
        "clock": "comments::clock clock",
        "now": "comments::instant now",
        "written": "comments::draft written",
        "draft": "comments::draft draft",
        "said": "comments::draft said",
        "body": "std::string body",
        "id": "comments::comment_id id",
        "ids": "std::vector<comments::comment_id> ids",
        "content_id": "std::string content_id",
        "page": "comments::page page",
        "who": "comments::principal who",
        "options": "comments::service_options options",
        "asked": "comments::http::request asked",
        "request": "comments::http::request request",
        "answer": "comments::http::response answer",
        "response": "comments::http::response response",
        "handler": "comments::http::handler handler",
        "table": "comments::http::router& table",
        "server": "httplib::Server& server",
    },
    "api/": {
        "options": "comments::http::route_options options",
        "shared": "comments::http::context& shared",
    },
    "deployments/": {
        "said": "comments::deployment said",
        "register_": "comments::deployment_register& register_",
    },
    "store/sqlite/deployments": {"said": "comments::deployment said"},
    "store/postgres/deployments": {"said": "comments::deployment said"},
    "store/sqlite/": {
        "connection": "comments::sqlite::connection& connection",
        "work": "comments::sqlite::transaction& work",
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
int fail(const T&...);
template <typename... T>
void show(const T&...);
"""

# Does a block begin with something that cannot stand in a function?
OUTSIDE = re.compile(r"template\b|namespace\b|(?!return\b|if\b|else\b)"
                     r"[\w:<>&*, ]+[ &*]\w+\([^()]*\)(?: const)? \{$")


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


def names_for(header):
    names = {}
    for folder in sorted(KNOWN, key=len):
        if header.startswith(folder):
            names |= KNOWN[folder]
    return names


def needed_names(block):
    """The parameters that declare what the block uses and does not declare."""
    code = re.sub(r"//.*|\"(?:\\.|[^\"\\])*\"", "", block.text)
    for name, declaration in names_for(block.header).items():
        used = re.search(rf"(?<![\w.:><])(?<!const ){name}\b(?!::| *[\w&>])", code)
        declared = re.search(rf"[\w>&*\]] +{name}\b *[;={{(,:)]|\[[^\]=]*\b{name}\b[^\]]*\] *=|"
                             rf"(?:auto|\w)[&*]+ {name}\b", code)
        if used and not declared:
            yield declaration


def wrapped(number, block, namespaces):
    used = "\n".join(f"using namespace {name};" for name in namespaces)
    includes = "\n".join(re.findall(r"^#include .*$", block.text, re.M))
    text = re.sub(r"^#include .*$", "", block.text, flags=re.M)
    first = next((line for line in text.splitlines() if line and not line.startswith("//")), "")
    place = f'#line {block.line} "{block.header}"'
    head, foot = "", ""
    if not OUTSIDE.match(first):
        head, foot = f"auto run({', '.join(needed_names(block))}) {{", "}"
    return "\n".join([includes, f"namespace snippet_{number} {{", used, head, place, text, foot,
                      "}\n"])


# Blocks that are not mended yet; this may only fall.
LEFT = 38


def main(include, options):
    headers = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.hpp"))
    unit = PRELUDE + "".join(f"#include <{header}>\n" for header in headers)
    blocks = []
    for header in headers:
        path = include / header
        namespaces = re.findall(r"^namespace (comments(?:::\w+)*) \{", path.read_text(), re.M)
        namespaces = ["comments", *(name for name in namespaces if not name.endswith("::detail"))]
        for block in blocks_of(path, header.removeprefix("comments/")):
            unit += wrapped(len(blocks), block, dict.fromkeys(namespaces))
            blocks.append(block)
    command = [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++20", f"-I{include}",
               "-DCOMMENTS_COMPILED", "-fsyntax-only", "-w", *options, "-x", "c++", "-"]
    ended = subprocess.run(command, input=unit, text=True, check=False, capture_output=True)
    wrong = set()
    for said in ended.stderr.splitlines():
        if error := re.match(r"(.+?):(\d+):\d+: (?:fatal )?error: ", said):
            print(said)
            wrong |= {block for block in blocks if block.header == error[1] and block.line <=
                      int(error[2]) <= block.line + block.text.count("\n") + 1}
    if ended.returncode and not wrong:
        print(ended.stderr)  # it is none of ours
        return 1
    print(f"snippets: {len(blocks) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if len(wrong) > LEFT else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
