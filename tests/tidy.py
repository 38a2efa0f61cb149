#!/usr/bin/env python3
"""tidy - the style and the architecture of this tree, as a test.

    python3 tests/tidy.py [ROOT]       one line per finding: path:line: rule: message
    python3 tests/tidy.py --self-test  breaks small trees on purpose and sees every rule bite

Each rule is a function that takes the tree and yields (path, line, message). None of them
compiles anything: they read text, so they run in a second and need Python alone.
"""
import math
import os
import posixpath
import re
import statistics
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from functools import cache, cached_property

LIBRARY = "include/comments/"
UMBRELLA, GENERATED = "comments.hpp", "version.hpp"

# Who may include what, below include/comments.
OWNERS = {
    "sqlite3.h": ["store/sqlite.hpp"], "libpq-fe.h": ["store/postgres.hpp"],
    "httplib.h": ["http/httplib.hpp"], "openssl/*": ["auth/*"], "cmark*": ["markdown/cmark.hpp"],
    "nlohmann/*": ["json/*"], "CLI/*": [], "spdlog/*": [],
} | dict.fromkeys(["sys/*", "unistd.h", "fcntl.h", "netinet/*", "arpa/inet.h", "poll.h"],
                  ["store/sqlite.hpp", "http/*"])
BANNED = {"regex", "format", "expected", "iostream"}
C = """assert ctype errno fenv float inttypes limits locale math setjmp signal stdarg stddef stdint
    stdio stdlib string time uchar wchar wctype""".split()
STANDARD = BANNED | {"c" + name for name in C} | {name + ".h" for name in C} | set("""
    algorithm any array atomic barrier bit bitset charconv chrono codecvt compare complex concepts
    condition_variable coroutine deque exception execution filesystem forward_list fstream
    functional future initializer_list iomanip ios iosfwd istream iterator latch limits list locale
    map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio
    scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept
    stop_token streambuf string string_view strstream syncstream system_error thread tuple
    type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector
    version""".split())
VAGUE = {"manager", "managers", "helper", "helpers", "util", "utils"}

SKIPPED = re.compile(r"\.git|__pycache__|build(dir|[-_.].*)?")
QUOTED = re.compile(r"'([^'\n]+)'")
MESON_COMMENT = re.compile(r"(?:(?<=\s)|^)#.*", re.M)
INCLUDE = re.compile(r'^[ \t]*(#)[ \t]*include[ \t]*([<"])([^>"\n]+)', re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
LITERAL = re.compile(  # numbers come along so that the ' in 1'000 opens no character
    r'//(?:\\\n|[^\n])*|/\*.*?\*/|R"([^()\s\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])*'|(?P<number>\b\d(?:'?\w)*)", re.S)
SECRETS = {
    "a path of one machine": r"(?:(?<![\w.~})-])|(?<=-[IL]))/(?:work|root|home)/",
    "a package registry":
        r"\b(?:deb\.debian|pypi)\.org\b|\bregistry\.npmjs\.org\b|\bcrates\.io\b"
        r"|\bwrapdb\.mesonbuild\.com\b",
}
# What is no address comes first and captures nothing: the user of a URL, and git's own.
ADDRESS = re.compile(r"://[^\s/@]*@|\bgit@|[\w.+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})\b")
EXAMPLE = re.compile(r"(?:.+\.)?example\.(?:com|org|net)", re.I)


# --- reading ------------------------------------------------------------------------------------

def blank(text):
    return re.sub(r"[^\n]", " ", text)


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


def walk(root):
    for folder, folders, files in os.walk(root):
        here = os.path.relpath(folder, root).replace(os.sep, "/")
        fetched = here == "subprojects"  # what Meson unpacked there is not ours
        folders[:] = sorted(f for f in folders if not fetched and not SKIPPED.fullmatch(f))
        yield from (posixpath.normpath(f"{here}/{file}") for file in sorted(files))


def git_files(root):
    if not os.path.exists(os.path.join(root, ".git")):
        return []
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True)
    return [path for path in listing.stdout.split("\0") if path]


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = list(walk(root))
        self.tracked = git_files(root) or self.files  # a release archive has no .git

    @cache
    def text(self, path):
        try:
            with open(os.path.join(self.root, path), encoding="utf-8", newline="") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError):
            return ""
        return "" if "\0" in text else text

    @cache
    def code(self, path):
        """The text with comments and literals blanked; every offset stays."""
        return LITERAL.sub(lambda m: m[0] if m["number"] else blank(m[0]), self.text(path))

    def lines(self, path):
        return self.text(path).removesuffix("\n").split("\n")

    def quoted(self, path):
        """(string, line) of every 'string' in a meson.build."""
        text = MESON_COMMENT.sub(lambda m: blank(m[0]), self.text(path))
        return [(m[1], line_at(text, m.start())) for m in QUOTED.finditer(text)]

    def below(self, *folders, ends=(".hpp", ".cpp")):
        return [f for f in self.files if f.split("/")[0] in folders and f.endswith(ends)]

    @cached_property
    def headers(self):
        """Name as it is included -> path."""
        paths = self.below("include", ends=(".hpp", GENERATED + ".in"))
        return {path.removeprefix(LIBRARY).removesuffix(".in"): path for path in paths}

    @cached_property
    def listed(self):
        return [q for q in self.quoted(LIBRARY + "meson.build") if q[0].endswith(".hpp")]

    @cache
    def includes(self, path):
        """(line, what stands in the brackets or quotes) of each include."""
        text, code = self.text(path), self.code(path)
        return [(line_at(text, m.start(1)), m[3] if m[2] == "<" else f'"{m[3]}"')
                for m in INCLUDE.finditer(text) if code[m.start(1)] == "#"]

    def edges(self, name):
        """(line, ours, theirs) of each include of a header: one of the two is None."""
        for line, target in self.includes(self.headers[name]):
            bare = target.strip('"')
            if bare.startswith("comments/"):
                yield line, bare.removeprefix("comments/"), None
            elif bare == target or owners_of(bare) is not None:
                yield line, None, bare
            else:
                yield line, posixpath.normpath(posixpath.join(posixpath.dirname(name), bare)), None


def owners_of(target):
    return next((who for what, who in OWNERS.items() if fnmatch(target, what)), None)


# --- C++, as far as it takes to find functions and fields ------------------------------------------

def fold(head):
    """A declaration without what nests: (…) becomes @, {…} becomes #, <…> goes."""
    head = re.sub(r"\boperator\s*(?:\(\s*\)|[^\w\s(]+)", "operator", head).replace("->", " ")
    head = re.sub(r"\b(?:public|private|protected)\s*:(?!:)|\[\[.*?\]\]", " ", head, flags=re.S)
    for nested, sign in ((r"\([^()]*\)", "@"), (r"\{[^{}]*\}", "#"), (r"<[^<>]*>", "")):
        while (folded := re.sub(nested, sign, head)) != head:
            head = folded
    return re.sub(r"\b(?:alignas|decltype|explicit|noexcept)\s*@", " ", head).strip()


def kind(head):
    """What the brace after `head` opens: a function, a value, or a scope, by its keyword."""
    flat = fold(head)
    if re.search(r"\bconcept\b|(?:\brequires|=|&&|\|\|)\s*requires\s*@?$", flat):
        return "value"
    if scope := re.search(r"\b(namespace|struct|class|union|enum|extern)\b[^@]*$", flat):
        return scope[1].replace("enum", "value")
    in_member_list = re.search(r"@[^@:]*:(?!:)", flat) and flat[-1] not in "@#."
    return "function" if "@" in flat and not in_member_list else "value"


def declarations(code):
    """(kind, scope, start, end) of each function body and each statement outside of one."""
    code = DIRECTIVE.sub(lambda m: blank(m[0]), code)
    opened, closing = [], {}
    for brace in re.finditer(r"[{}]", code):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            closing[opened.pop()] = brace.end()
    scopes, start, at, parens = [], 0, 0, 0
    while mark := re.compile(r"[{}();]").search(code, at):
        at, sign, scope = mark.end(), mark[0], scopes[-1] if scopes else ""
        opens = sign == "{" and ("value" if parens else kind(code[start:mark.start()]))
        parens += (sign == "(") - (sign == ")")
        if opens == "function":
            start = at = closing.get(mark.start(), len(code))
            yield opens, scope, mark.start(), at
        elif opens == "value":  # its text stays part of the declaration
            at = closing.get(mark.start(), len(code))
        elif opens:
            scopes.append(opens)
            start = at
        elif sign == "}":
            scopes, start, parens = scopes[:-1], at, 0
        elif sign == ";" and not parens:
            yield "statement", scope, start, mark.start()
            start = at


# --- the rules ----------------------------------------------------------------------------------

def order(tree):
    rank = {}
    for name, line in tree.listed:
        if name in rank and name != GENERATED:  # the rule that generates it names it again
            yield LIBRARY + "meson.build", line, f"{name} is listed twice"
        if name not in tree.headers:
            yield LIBRARY + "meson.build", line, f"{name} does not exist"
        rank.setdefault(name, len(rank))
    if [name for name in rank if name != GENERATED][-1:] != [UMBRELLA]:
        yield LIBRARY + "meson.build", 1, f"{UMBRELLA} is not listed last"
    for name, path in tree.headers.items():
        if name not in rank:
            yield path, 1, f"{name} is not listed in {LIBRARY}meson.build"
            continue
        for line, ours, _ in tree.edges(name):
            if ours and rank.get(ours, len(rank)) >= rank[name]:
                yield path, line, f"{ours} is not listed above {name}"


def owners(tree):
    for name, path in tree.headers.items():
        for line, _, theirs in tree.edges(name):
            allowed = owners_of(theirs) if theirs else None
            if allowed is not None and not any(fnmatch(name, owner) for owner in allowed):
                yield path, line, f"<{theirs}> belongs to {' and '.join(allowed) or 'no header'}"
            elif theirs and allowed is None and theirs not in STANDARD:
                yield path, line, f"unknown include <{theirs}>"


def core(tree):
    reached = [UMBRELLA] if UMBRELLA in tree.headers else []
    for name in reached:  # it grows while it is walked
        for line, ours, theirs in tree.edges(name):
            if theirs and owners_of(theirs) is not None:
                yield tree.headers[name], line, f"{UMBRELLA} reaches <{theirs}>"
            if ours in tree.headers and ours not in reached:
                reached.append(ours)


def banned(tree):
    for path in tree.headers.values():
        code, lines = tree.code(path), tree.lines(path)
        for line, target in tree.includes(path):
            if target in BANNED:
                yield path, line, f"<{target}> is banned"
        for hit in re.finditer(r"\busing\s+namespace\b|\bstd::(?:ranges::)?views\b", code):
            yield path, line_at(code, hit.start()), f"`{hit[0]}` is banned"
        if not re.search(r"^#pragma once$", code, re.M):
            yield path, 1, "no #pragma once"
        title = 1 + (lines[0] == "#pragma once") * 2
        if not any(re.match(r"// [\w./]+ - \S", line) for line in lines[:title]):
            yield path, 1, "does not start with `// name - what it is for`"


def mirror(tree):
    for name in dict(tree.listed).keys() - {UMBRELLA, GENERATED}:
        path = f"tests/{name.removesuffix('.hpp')}_test.cpp"
        first = tree.includes(path)[:1]
        if path not in tree.files:
            yield LIBRARY + "meson.build", dict(tree.listed)[name], f"{name} has no {path}"
        elif not first or first[0][1] != f"comments/{name}":
            yield path, first[0][0] if first else 1, f"does not first include <comments/{name}>"
    named = dict(tree.quoted("tests/meson.build"))
    for path in tree.below("tests", ends="_test.cpp"):
        if path.removeprefix("tests/") not in named:
            yield path, 1, "is not named in tests/meson.build"


def budgets(tree):
    yield from header_budget(tree)
    yield from function_budget(tree)
    yield from line_budgets(tree)
    entries = {path.split("/")[0] for path in tree.tracked}
    if len(entries) > 20:
        yield ".", 1, f"{len(entries)} entries in the root, at most 20"


def header_budget(tree):
    sizes = {path: len(tree.lines(path)) for path in tree.headers.values()}
    if sizes and (median := statistics.median(sizes.values())) > 150:
        yield LIBRARY, 1, f"the median header has {median:g} lines, at most 150"
    yield from ((path, 1, f"{size} lines, at most 500") for path, size in sizes.items()
                if size > 500)


def function_budget(tree):
    lengths = []
    for path in tree.below("include", "apps"):
        code = tree.code(path)
        lengths += [(code.count("\n", start, end) + 1, path, line_at(code, start))
                    for kind, _, start, end in declarations(code) if kind == "function"]
    lengths.sort()
    if lengths and (p90 := lengths[math.ceil(len(lengths) * 0.9) - 1])[0] > 25:
        yield p90[1], p90[2], f"one function in ten is this long: {p90[0]} lines, at most 25"
    yield from ((path, line, f"a function of {length} lines, at most 70")
                for length, path, line in lengths if length > 70)


def line_budgets(tree):
    most = {"apps/server/main.cpp": 150, "CONTRIBUTING.md": 80}
    most |= {path: 60 for path in tree.files if fnmatch(path, "examples/*.cpp")}
    for path, limit in most.items():
        if (size := len(tree.lines(path))) > limit:
            yield path, 1, f"{size} lines, at most {limit}"
    wide = tree.below("include", "apps", "tests", "examples") + tree.below("dev", ends="")
    for path in wide + [path for path in tree.tracked if path.endswith(".py")]:
        for number, line in enumerate(tree.lines(path), 1):
            if len(line) > 100:
                yield path, number, f"{len(line)} columns, at most 100"


def words(tree):
    for path in tree.headers.values():
        code = tree.code(path)
        for name in re.finditer(r"[A-Za-z_]\w*", code):
            if vague(name[0]):
                yield path, line_at(code, name.start()), f"`{name[0]}` says nothing"
        for name in re.finditer(r"(?<=[\w>&*]\s)\s*(get_\w+)\s*\(", code):  # x.get_y() is a call
            yield path, line_at(code, name.start(1)), f"`{name[1]}` gets: name what it returns"
    for path in tree.tracked:
        if vague(posixpath.basename(path)):
            yield path, 1, "the file's name says nothing"


def vague(name):
    return VAGUE & {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def privacy(tree):
    for path in tree.tracked:
        if path == "tests/tidy.py":
            continue
        text = tree.text(path)
        for what, pattern in SECRETS.items():
            for hit in re.finditer(pattern, text):
                yield path, line_at(text, hit.start()), f"{what}: {hit[0]}"
        for hit in ADDRESS.finditer(text):
            if hit[1] and not EXAMPLE.fullmatch(hit[1]):
                yield path, line_at(text, hit.start()), f"an address outside example.com: {hit[0]}"


def fields(tree):
    other = {"static", "using", "friend", "typedef", "template", "struct", "class", "enum", "union"}
    for path in tree.headers.values():
        code = tree.code(path)
        for kind, scope, start, end in declarations(code):
            flat = fold(code[start:end])
            plain = len(flat.split()) > 1 and not re.search(r"[@#=&]", flat)
            if (kind, scope) == ("statement", "struct") and plain and flat.split()[0] not in other:
                yield path, line_at(code, end), f"`{flat.split()[-1]}` has no initialiser"


RULES = [order, owners, core, banned, mirror, budgets, words, privacy, fields]


def findings(root):
    tree = Tree(root)
    return [(path, line, rule.__name__, message)
            for rule in RULES for path, line, message in rule(tree)]


# SELF TEST HERE

def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    here = os.path.dirname(os.path.abspath(__file__))
    found = findings(arguments[0] if arguments else os.path.dirname(here))
    for path, line, rule, message in found:
        print(f"{path}:{line}: {rule}: {message}")
    failed = len({rule for _, _, rule, _ in found})
    print(f"tidy: {len(RULES) - failed} checks passed, {failed} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
