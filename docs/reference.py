#!/usr/bin/env python3
"""reference - the reference of the library: what its headers say, as pages, by Doxygen.

    python3 docs/reference.py OUTPUT_DIR

The headers have plain `//` comments. A copy of each is made in which Doxygen takes them for what
they are: the block at the top is about the file, a block above a declaration and a comment behind
one are about that; three spaces begin C++, and five what is not. A comment in a function's body
stays where it is. docs/library.md is the first page. What Doxygen has to say against our text is an
error, and names the line that we wrote.
"""
import re
import subprocess
import sys
import tempfile
from bisect import bisect_right
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from tidy import DIRECTIVE, LITERAL, blank, declarations

SETTINGS = {
    "PROJECT_NAME": "comments", "PROJECT_BRIEF": "A comment engine to embed",
    "RECURSIVE": "YES", "FULL_PATH_NAMES": "YES", "QUIET": "YES",
    # The first sentence is the summary. A virtual function has what the one it overrides says.
    "JAVADOC_AUTOBRIEF": "YES", "EXTRACT_ALL": "YES", "EXTRACT_STATIC": "YES",
    "HIDE_FRIEND_COMPOUNDS": "YES", "VERBATIM_HEADERS": "NO", "SORT_MEMBER_DOCS": "NO",
    "EXCLUDE_SYMBOLS": "*::detail*",
    "BUILTIN_STL_SUPPORT": "YES", "TOC_INCLUDE_HEADINGS": "2",
    # The headers as the compiled mode has them: declarations.
    "MACRO_EXPANSION": "YES", "EXPAND_ONLY_PREDEF": "YES", "SEARCH_INCLUDES": "NO",
    "PREDEFINED": "COMMENTS_COMPILED COMMENTS_INLINE= __cplusplus=202002L " + " ".join(
        f"COMMENTS_{name}(x)=" for name in (
            "THREAD_ATTRIBUTE", "GUARDED_BY", "PT_GUARDED_BY", "REQUIRES", "EXCLUDES", "ACQUIRE",
            "RELEASE", "TRY_ACQUIRE")) + " COMMENTS_NO_THREAD_ANALYSIS=",
    "WARN_IF_UNDOCUMENTED": "NO", "WARN_NO_PARAMDOC": "NO", "WARN_AS_ERROR": "FAIL_ON_WARNINGS",
    "GENERATE_LATEX": "NO", "HAVE_DOT": "NO", "CLASS_GRAPH": "NO", "HTML_OUTPUT": ".",
    "GENERATE_TREEVIEW": "YES", "DISABLE_INDEX": "YES", "FULL_SIDEBAR": "NO",
    "HTML_TIMESTAMP": "NO",
}

ATTRIBUTE = re.compile(r"\bCOMMENTS_THREAD_ATTRIBUTE\((?:[^()]|\([^()]*\))*\)")
SECTION = re.compile(r" +// --- (.+) ---$")


class Line(NamedTuple):
    number: int  # in the file that we wrote
    text: str


def inside(code):
    """The numbers of the lines whose comments are about no declaration, but explain its body."""
    begins = [0, *(end.end() for end in re.finditer("\n", code))]
    found = set()
    for each in declarations(code):
        first = each.start + re.match(
            r"(?:\s|(?:public|private|protected):(?!:))*", code[each.start:each.end]).end()
        if not code.startswith("enum ", first):  # a comment behind an enumerator is about it
            found |= {*range(bisect_right(begins, first) + 1, bisect_right(begins, each.end) + 1)}
    return found


def escaped(text):
    """Prose in which Doxygen finds neither its commands nor HTML. What is in backticks is code."""
    parts = re.split(r"(`[^`]+`)", text)
    parts[::2] = [re.sub(r"[\\@<>#&%$\"]|(?<!\w)::", r"\\\g<0>", part) for part in parts[::2]]
    parts[1::2] = [f"`{part}`" for part in parts[1::2]]  # behind a single one a ' would end it
    return "".join(parts)


def documentation(block):
    """The lines of a comment, as Doxygen reads them."""
    said = [line.text for line in block]
    code = [text.startswith("  ") for text in said]
    for at in range(1, len(said) - 1):  # an empty line between two of code
        code[at] |= not said[at] and code[at - 1] and code[at + 1]
    for is_code, at in groupby(range(len(block)), lambda at: code[at]):
        at = list(at)
        text = [said[each][2:] if is_code else said[each] for each in at]
        if is_code:
            language = "unparsed" if text[0].startswith("  ") else "cpp"
            yield Line(block[at[0]].number, f"@code{{.{language}}}")
        else:
            text = escaped("\n".join(text)).split("\n")
        yield from (Line(block[each].number, line) for each, line in zip(at, text))
        if is_code:
            yield Line(block[at[-1]].number, "@endcode")


def commented(block, indent):
    return [Line(line.number, f"{indent}/// {line.text}".rstrip()) for line in documentation(block)]


def reference_of(text):
    """The lines of a header, as Doxygen reads them."""
    code = LITERAL.sub(lambda found: found[0] if found["number"] else blank(found), text)
    explaining = inside(ATTRIBUTE.sub(blank, DIRECTIVE.sub(blank, code)))
    made, block, section, is_top = [], [], "", True

    def close(line):
        nonlocal section
        if section:
            made.append(Line(line, section + "/// @}"))
        section = ""

    for number, line in enumerate(text.split("\n"), 1):
        indent = line[:len(line) - len(line.lstrip())]
        if line.startswith("namespace "):  # the version's is none that a program names
            line = line.replace("::inline v0", "")
        if number in explaining:
            made.append(Line(number, line))
        elif heading := SECTION.match(line):
            close(number)
            section = indent
            words = escaped(heading[1].replace("`", ""))
            made.append(Line(number, f"{indent}/// @name {words[:1].upper()}{words[1:]}"))
            made.append(Line(number, f"{indent}/// @{{"))
        elif line.startswith(indent + "//"):
            block.append(Line(number, line[len(indent) + 2:].removeprefix(" ")))
            continue
        else:
            if block and is_top:
                name, _, said = block[0].text.partition(" - ")
                made.append(Line(block[0].number, f"/// @file comments/{name}"))
                block[0] = Line(block[0].number, said[:1].upper() + said[1:])
                is_top = False
            elif block and not line:  # it is about no declaration
                block = []
            if block and "///<" in made[-1].text:
                made.append(Line(number, ""))  # else it would go on with what stands behind that
            made += commented(block, indent)
            block = []
            if re.match(r" *(?:private:|protected:|\};)", line) and len(indent) < len(section):
                close(number)
            behind = re.match(r"(.*\S) +// (.*)", line)
            if behind and not behind[1].startswith("}") and not re.match("#", line):
                line = f"{behind[1]}  ///< {escaped(behind[2])}"
            made.append(Line(number, line))
    return made


def page_of(text):
    """A document of which only this page is there: links to others are their words."""
    return re.sub(r"\[([^\]]+)\]\((?!https?://)[^)]*\)", r"\1", text)


def write(folder):
    """Writes what Doxygen reads. Returns the path of each file: the path and lines of ours."""
    origins = {}
    headers = ROOT / "include"
    for path in sorted(headers.rglob("*.hpp")):
        copy = folder / path.relative_to(headers)
        copy.parent.mkdir(parents=True, exist_ok=True)
        lines = reference_of(path.read_text("utf-8"))
        copy.write_text("\n".join(line.text for line in lines), "utf-8")
        origins[str(copy)] = path.relative_to(ROOT), [line.number for line in lines]
    page = folder / "library.md"
    page.write_text(page_of((ROOT / "docs/library.md").read_text("utf-8")), "utf-8")
    return origins


def in_our_files(said, origins):
    """The warnings, with the lines that they are about in our files."""
    def place(found):
        path, numbers = origins[found[1]]
        return f"{path}:{numbers[min(int(found[2]), len(numbers)) - 1]}:"

    known = "|".join(map(re.escape, origins))
    return re.sub(rf"({known}):(\d+):", place, said)


def make(output, **more):
    """Makes the pages, with more settings of Doxygen's. Returns what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder).resolve()
        origins = write(folder)
        output.mkdir(parents=True, exist_ok=True)
        version = re.search(r"^  version: '(.*)',$", (ROOT / "meson.build").read_text(), re.M)[1]
        settings = SETTINGS | {
            "INPUT": folder, "STRIP_FROM_PATH": folder, "OUTPUT_DIRECTORY": output,
            "USE_MDFILE_AS_MAINPAGE": folder / "library.md", "PROJECT_NUMBER": version} | more
        ended = subprocess.run(
            ["doxygen", "-"], input="\n".join(f"{name} = {value}" for name, value in
                                              settings.items()),
            text=True, stderr=subprocess.PIPE, check=False)
        said = in_our_files(ended.stderr, origins)
        return said or ("" if ended.returncode == 0 else f"doxygen exits {ended.returncode}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(make(Path(sys.argv[1]).resolve()) or None)
