#!/usr/bin/env python3
"""reference_test - what the headers say is what the reference of the library says.

    python3 tests/reference_test.py [options of unittest]

Looks for the first sentence of each comment above a public declaration, for each comment behind
one, and for each example, in what Doxygen makes of all headers.
"""
import re
import shutil
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))
import reference
from snippets_test import blocks_of

HEADERS = sorted((ROOT / "include").rglob("*.hpp"))
DOXYGEN = shutil.which("doxygen")
without_doxygen = "" if DOXYGEN else "_skipped_as_there_is_no_doxygen_here"


def plain(text):
    """Words alone: neither spaces nor what Doxygen sets in another type count."""
    return re.sub(r"[\s`%]+", "", text)


def text_of(element):
    """The text of an element of Doxygen's XML."""
    return plain("".join(element.itertext()))


def public_lines(path):
    """(number, line) of each line of a header outside of functions and of what is private."""
    scope, is_public, is_detail = "", True, False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.search(r"namespace (?:\S+::|inline )*detail\b", line):
            is_detail = line.startswith("namespace")
        elif re.match(r"[^\s/#})]", line):
            kind = re.match(r"(?:template <.*> )?(struct|class|enum)\b.*\{$", line)
            scope, is_public = kind[1] if kind else "", True
        elif re.match(r" (?:private|protected|public):", line):
            is_public = line == " public:"
        in_body = line.startswith("  ") and not (scope and re.match(r"  \S", line))
        if is_public and not is_detail and not in_body:
            yield number, line


def name_of(line):
    """What a line declares; nothing if it is a part of a declaration, or says no more than it."""
    line = re.sub(r"COMMENTS_THREAD_ATTRIBUTE\(.*?\)+ ", "", line)
    while line != (line := re.sub(r"<[^<>]*>", "", line)):
        pass
    if re.match(r" *(?:#|\}|template\b|requires\b|(?:struct|class) \w+;)", line):
        return None
    found = re.search(r"(operator\W+)\(|(?:struct|enum class|class|using) (\w+)|(~?\w+) ?\(|"
                      r"(\w+)(?:\[\])?(?:\{| =|;|,|$)", line)
    return found and next(filter(None, found.groups()))


def told(path):
    """(name, its first sentence) of what a header declares and says something about."""
    block, is_top, before = [], True, 0
    for number, line in public_lines(path):
        if number != before + 1:
            block = []
        before = number
        comment = re.match(r" *// ?(.*)", line)
        if comment:
            if not comment[1].startswith("---"):
                block.append(comment[1])
            continue
        said = re.match(r"([^/]+?[;,{}(\w])  // (.*)", line)
        name = name_of(said[1] if said else line)
        if name and block and not is_top:
            yield name, re.split(r"(?<=[.:])\s|  ", " ".join(block))[0]
        if name and said:
            yield name, said[2]
        if not block or not re.match(r" *(?:template|requires)\b", line):
            is_top, block = is_top and not block, []


class Reference(unittest.TestCase):
    def test_the_code_of_each_header_stays_as_it_is(self):
        def code(text):
            return re.sub(r"[ \t]*//.*|\n+", "\n", text.replace("::inline v0", ""))

        for path in HEADERS:
            with self.subTest(path.name):
                made = "\n".join(line.text for line in reference.reference_of(path.read_text()))
                self.assertEqual(re.sub(r"\n+", "\n", code(made)),
                                 re.sub(r"\n+", "\n", code(path.read_text())))


def find_missing(self):
    with tempfile.TemporaryDirectory() as folder:
        self.assertEqual(reference.make(Path(folder), GENERATE_XML="YES"), "")
        first = (Path(folder) / "index.html").read_text()
        self.assertIn("The library, for programs that embed it", first)
        said, everything = defaultdict(str), ""
        for path in (Path(folder) / "xml").glob("*.xml"):
            for found in xml.parse(path).iter():
                if found.tag in ("compounddef", "memberdef", "enumvalue"):
                    name = (found.findtext("name") or found.findtext("compoundname") or "")
                    said[name.split("::")[-1]] += "".join(
                        text_of(part) + "|" for part in found if part.tag.endswith("description"))
    everything = "".join(said.values())
    sentences = [(path, *each) for path in HEADERS for each in told(path)]
    self.assertGreater(len(sentences), 5 * len(HEADERS))
    missing = [f"{path.name}: {name}: {text}" for path, name, text in sentences
               if plain(text) not in said[name]]
    self.assertFalse(missing, "\n" + "\n".join(missing))
    examples = [block for path in HEADERS for block in blocks_of(path, path.name)]
    self.assertEqual([block for block in examples if plain(block.text) not in everything], [])


setattr(Reference, f"test_all_that_the_headers_say_is_there{without_doxygen}",
        find_missing if DOXYGEN else unittest.skip("there is no doxygen here")(find_missing))

if __name__ == "__main__":
    unittest.main()
