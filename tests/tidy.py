#!/usr/bin/env python3
"""tidy - the style and the architecture of this tree, as a test.

    python3 tests/tidy.py [ROOT]    one line for each finding: path:line: rule: message

A rule is a function that yields (path, line, message). It reads text and compiles nothing.
tests/tidy_test.py breaks small trees on purpose, and every rule must notice.
"""
import math
import re
import statistics
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from typing import NamedTuple

LIBRARY, MAP = "include/comments/", "include/comments/meson.build"
UMBRELLA, GENERATED = "comments.hpp", "version.hpp"
CONTRACT = "testing/store_contract/"  # tests themselves: testing/store_contract_test.cpp tests them
COMPILED = LIBRARY + "compiled.cpp"  # includes every .ipp
LAYERS = "docs/architecture.md"
LOCKS = "mutex.hpp"  # the one header with the standard library's locks

SYSTEM = ["store/sqlite/*", "store/postgres/connection.hpp", "store/postgres/transaction.hpp",
          "http/httplib*", "http/epoll/*"]
OWNERS = {  # who may include what, below include/comments; an .ipp may what its header may
    # The disk, and all else.
    "sqlite3.h": ["store/sqlite/wiping_vfs.hpp", "store/sqlite/connection.hpp"],
    "libpq-fe.h": [f"store/postgres/{name}.hpp" for name in (
        "values", "connection", "transaction", "connect", "bulk")],
    "httplib.h": ["http/httplib*"], "zlib.h": ["http/gzip.hpp"], "openssl/*": ["auth/hmac.hpp"],
    "cmark*": ["markdown/cmark.hpp"], "pugixml.hpp": ["feed/atom.hpp"],
    "linux/*": ["http/epoll/sockets.hpp"], "netdb.h": ["http/epoll/sockets.hpp"],
    "nlohmann/*": ["json/document.hpp"], "utf8proc.h": ["rules/blocked_words.hpp"],
    "CLI/*": [], "spdlog/*": [], "kainjow/*": [],
    "doctest/*": ["testing/doctest.hpp"], "gtest/*": ["testing/gtest.hpp"],
    "catch2/*": ["testing/catch2.hpp"],
} | dict.fromkeys(["sys/*", "fcntl.h", "netinet/*", "arpa/inet.h", "poll.h"], SYSTEM) | {
    "unistd.h": ["id.hpp", *SYSTEM]}  # there for random bytes, and not on Windows
GUARD = "guarded.hpp"  # the one header of the core with try, catch and throw
ADAPTERS = ["store/sqlite*", "store/postgres*", "json/*", "auth/*", "markdown/*", "http/*", "api/*",
            "feed/*", "testing/*", "deployments/csv.hpp", "deployments/routes.hpp"]
BANNED_CODE = r"\busing\s+namespace\b|\bstd::(?:ranges::)?views\b|\bnamespace\s*(?=\{)"
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

# Not ours, or made by a build; what Meson unpacks below subprojects/ too.
SKIPPED = re.compile(r"^build.*?/|(?:^|/)(?:\.git|__pycache__|build)(?:/|$)|^subprojects/.*/")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(<|")([^>"\n]+)', re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
LITERAL = re.compile(  # numbers come along so that the ' in 1'000 opens no character
    r'//(?:\\\n|[^\n])*|/\*.*?\*/|R"([^()\s\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])*'|(?P<number>\b\d(?:'?\w)*)", re.S)
VAGUE = re.compile(
    r"(?i:(?<![a-z])(?:manager|helper|util)s?(?![a-z]))|(?:Manager|Helper|Util)s?(?![a-z])")
# x.get_y() calls someone else's; these two are cpp-httplib's to name.
GETTER = re.compile(
    r"(?<=[\w>&*]\s|\s[&*])get_(?!(?:remote|local)_ip_and_port)\w+(?=\s*\()")
FIELD = re.compile(  # in a folded statement of a struct: a type, then a name, and nothing after
    r"(?!(?:static|using|friend|typedef|template|struct|class|enum|union)\b)[^@#=&]+[\s*][^@#=&]+")
PRIVATE = re.compile(  # the harmless first, uncaptured: a URL's user, git's own, example.com
    r"://[^\s/@]*@|\bgit@|[\w.+-]+@(?:[\w-]+\.)*(?i:example\.(?:com|org|net))(?!\.?[\w-])"
    r"|([\w.+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}\b"
    r"|(?:(?<![\w.~})-])|(?<=-[IL]))/(?:work|root|home)/|\b(?:deb\.debian|pypi)\.org\b"
    r"|\bregistry\.npmjs\.org\b|\bcrates\.io\b|\bwrapdb\.mesonbuild\.com\b)")

# --- reading the tree -----------------------------------------------------------------------------
def blank(match):
    return re.sub(r"[^\n]", " ", match[0])

def hits(pattern, text):
    return [(text.count("\n", 0, m.start()) + 1, m) for m in re.finditer(pattern, text)]

class Tree:
    def __init__(self, root):
        self.root = Path(root)
        paths = (p.relative_to(root).as_posix() for p in self.root.rglob("*") if p.is_file())
        self.files = sorted(path for path in paths if not SKIPPED.search(path))
        git = ["sh", "-c", "test -e .git && git ls-files -z"]
        tracked = subprocess.run(git, cwd=root, capture_output=True, text=True).stdout.split("\0")
        self.tracked = tracked[:-1] or self.files  # a release archive has no .git
        sources = self.below("include", ends=(".hpp", GENERATED + ".in"))
        self.headers = {path.removeprefix(LIBRARY).removesuffix(".in"): path for path in sources}
        # By the name of their header: what `x.hpp` declares, `x.ipp` may define.
        self.definitions = {path.removeprefix(LIBRARY).removesuffix(".ipp") + ".hpp": path
                            for path in self.below("include", ends=".ipp")}
        self.listed = [(name, line) for name, line in self.quoted(MAP) if name.endswith(".hpp")]

    def below(self, *folders, ends=(".hpp", ".ipp", ".cpp")):
        return [f for f in self.files if f.split("/")[0] in folders and f.endswith(ends)]

    def library(self):
        """(name of the header, path) of each header and of each .ipp."""
        return [*self.headers.items(), *self.definitions.items()]

    @cache
    def text(self, path):
        """What the file says; nothing, if it is binary or gone."""
        file = self.root / path
        data = file.read_bytes() if file.is_file() else b""
        return "" if b"\0" in data else data.decode("utf-8", "replace")

    def lines(self, path):
        return self.text(path).removesuffix("\n").split("\n")

    def quoted(self, path):
        """(string, line) of every 'string' in a meson.build."""
        text = re.sub(r"(?:(?<=\s)|^)#.*", blank, self.text(path))
        return [(hit[1], line) for line, hit in hits(r"'([^'\n]*)'", text)]

    @cache
    def code(self, path):
        """The text with comments and literals blanked; every offset stays."""
        return LITERAL.sub(lambda m: m[0] if m["number"] else blank(m), self.text(path))

    @cache
    def includes(self, path):
        """(line, target) of each include; one of our headers is comments/…, quoted or not."""
        found = []
        for line, hit in hits(INCLUDE, self.text(path)):
            near = normpath(join(dirname(path), hit[2]))
            ours = hit[1] == '"' and near in self.files
            if "#" in self.code(path)[hit.start():hit.end()]:
                found.append((line, near.removeprefix("include/") if ours else hit[2]))
        return found

# --- C++, as far as it takes to find functions and fields -----------------------------------------
def fold(head):
    """A declaration without what nests in it: (…) becomes @, {…} becomes #, <…> goes."""
    head = re.sub(r"\boperator\s*(?:\(\s*\)|[^\w\s(]+)", "operator", head).replace("->", " ")
    head = re.sub(r"\b(?:public|private|protected)\s*:(?!:)|\[\[.*?\]\]", " ", head, flags=re.S)
    for nested, sign in ((r"\([^()]*\)", "@"), (r"\{[^{}]*\}", "#"), (r"<[^<>]*>", "")):
        while (folded := re.sub(nested, sign, head)) != head:
            head = folded
    return re.sub(r"\b(?:alignas|decltype|explicit|noexcept)\s*@", " ", head).strip()

def opened_by(head):
    """What the brace behind `head` opens: a function, a value, or a scope, by its keyword."""
    flat = fold(head)
    if re.search(r"\bconcept\b|(?:\brequires|=|&&|\|\|)\s*requires\s*@?$", flat):
        return "value"
    if scope := re.search(r"\b(namespace|struct|class|union|enum|extern)\b[^@]*$", flat):
        return scope[1].replace("enum", "value")
    in_member_list = re.search(r"@[^@:]*:(?!:)", flat) and flat[-1] not in "@#."
    return "function" if "@" in flat and not in_member_list else "value"

class Declaration(NamedTuple):
    kind: str   # "function", or "statement": what ends with a semicolon
    scope: str  # what it stands in: "namespace", "struct", "class"…
    start: int  # where its first word may stand
    body: int   # where the brace of a function is, else as `start`
    end: int

def declarations(code):
    """Each function that has a body, and each statement outside of one."""
    code, stack, start, parens = DIRECTIVE.sub(blank, code), [("namespace", 0, 0)], 0, 0
    for mark in re.finditer(r"[{}();]", code):
        sign, at, (scope, began, opened) = mark[0], mark.start(), stack[-1]
        inside = scope in ("function", "value") or parens
        parens += (sign == "(") - (sign == ")")
        if sign == "{":
            kind = "value" if inside else opened_by(code[start:at])
            stack.append((kind, start, at))
            start = start if kind == "value" else at + 1  # a value belongs to its declaration
        elif sign == "}" and len(stack) > 1:
            stack.pop()
            start = start if scope == "value" else at + 1
            if scope == "function":
                yield Declaration(scope, stack[-1][0], began, opened, at)
        elif sign == ";" and not inside:
            yield Declaration("statement", scope, start, start, at)
            start = at + 1

# --- the rules ------------------------------------------------------------------------------------
def order(tree):
    rank = {}
    for name, line in tree.listed:
        if name in rank and name != GENERATED:  # what generates it names it again
            yield MAP, line, f"{name} is listed twice"
        if name not in tree.headers:
            yield MAP, line, f"{name} does not exist"
        rank.setdefault(name, len(rank))
    if [name for name in rank if name != GENERATED][-1:] != [UMBRELLA]:
        yield MAP, 1, f"{UMBRELLA} is not listed last"
    for name, path in tree.headers.items():
        if name not in rank:
            yield path, 1, f"is not listed in {MAP}"
    for name, path in tree.library():
        own = name if path.endswith(".ipp") else name.removesuffix(".hpp") + ".ipp"
        for line, target in tree.includes(path):
            ours = target.removeprefix("comments/")
            above = rank.get(ours, len(rank)) < rank.get(name, -1)
            if name in rank and ours != target and ours != own and not above:
                yield path, line, f"<{target}> is not listed above {name}"

def definitions(tree):
    """An .ipp belongs to the header of its name, which brings it, or else compiled.cpp does."""
    compiled = [target for _, target in tree.includes(COMPILED)]
    for name, path in tree.definitions.items():
        own = path.removeprefix("include/")
        header = tree.headers.get(name)
        if header is None:
            yield path, 1, f"there is no {name}"
            continue
        if [target for _, target in tree.includes(path)][:1] != [f"comments/{name}"]:
            yield path, 1, f"does not include <comments/{name}> first"
        brings = f"\n#ifndef COMMENTS_COMPILED\n#include <{own}>\n#endif\n"
        if not tree.text(header).endswith(brings):
            yield header, 1, f"does not end with <{own}> behind #ifndef COMMENTS_COMPILED"
        if own not in compiled:
            yield COMPILED, 1, f"does not include <{own}>"
        yield from unmarked(tree, path)
    for line, target in tree.includes(COMPILED):
        if f"include/{target}" not in tree.definitions.values():
            yield COMPILED, line, f"<{target}> is not an .ipp of ours"

def unmarked(tree, path):
    code = tree.code(path)
    for found in declarations(code):
        if (found.kind, found.scope) == ("function", "namespace"):
            head = DIRECTIVE.sub(blank, code)[found.start:found.body]
            if not re.match(r"\s*(?:COMMENTS_INLINE|inline|template|constexpr)\b", head):
                line = code.count("\n", 0, found.body) + 1
                yield path, line, "a function begins neither with COMMENTS_INLINE nor with inline"

def locks(tree):
    """clang sees how a mutex is used only where it has the attributes of mutex.hpp."""
    pattern = (r"\bstd::(?:(?:recursive_|shared_|timed_)*mutex|lock_guard"
               r"|(?:scoped|unique|shared)_lock|condition_variable\w*)")
    paths = [path for path in tree.below("include", "apps") if path != LIBRARY + LOCKS]
    for path in paths:
        yield from ((path, line, f"`{hit[0]}` belongs to {LOCKS}")
                    for line, hit in hits(pattern, tree.code(path)))

def owners_of(target):
    return next((owners for what, owners in OWNERS.items() if fnmatch(target, what)), None)

def owners(tree):
    for name, path in tree.library():
        for line, target in tree.includes(path):
            allowed = owners_of(target)
            if allowed is None and target not in STANDARD and not target.startswith("comments/"):
                yield path, line, f"unknown include <{target}>"
            elif allowed is not None and not any(fnmatch(name, owner) for owner in allowed):
                yield path, line, f"<{target}> belongs to {' and '.join(allowed) or 'no header'}"

def core(tree):
    reached = [tree.headers.get(UMBRELLA, "")]
    for path in reached:  # grows while it is walked
        for line, target in tree.includes(path):
            ours = f"include/{target}"
            reached += [ours] if ours in tree.files and ours not in reached else []
            if owners_of(target) is not None and target != "unistd.h":
                yield path, line, f"{UMBRELLA} reaches <{target}>"

def exceptions(tree):
    """What stands in no adapter's folder compiles without exceptions."""
    for name, path in tree.library():
        if name != GUARD and not any(fnmatch(name, adapter) for adapter in ADAPTERS):
            yield from ((path, line, f"`{hit[0]}` belongs to {GUARD}")
                        for line, hit in hits(r"\b(?:try|catch|throw)\b", tree.code(path)))

def banned(tree):
    for name, path in tree.library():
        code = tree.code(path)
        yield from ((path, line, f"<{target}> is banned")
                    for line, target in tree.includes(path) if target in BANNED)
        for line, hit in hits(BANNED_CODE, code):
            yield path, line, f"`{hit[0]}` is banned"
        if not re.search(r"^#pragma once$", code, re.M):
            yield path, 1, "no #pragma once"
        own = re.escape(path.removeprefix(LIBRARY).removesuffix(".in"))
        if not re.match(rf"(?:#pragma once\n(?:.*\n)?)?// {own} - \S", tree.text(path)):
            yield path, 1, "does not start with `// path/name.hpp - what it is for`"

def mirror(tree):
    for name, line in [q for q in tree.listed if q[0] not in (UMBRELLA, GENERATED)
                       and not q[0].startswith(CONTRACT)]:
        test = f"tests/{name.removesuffix('.hpp')}_test.cpp"
        if test not in tree.files:
            yield MAP, line, f"{name} has no {test}"
        elif f"comments/{name}" not in [target for _, target in tree.includes(test)[:1]]:
            yield test, 1, f"does not include <comments/{name}> first"
        if not re.search(rf"[`/]{basename(name).removesuffix('.hpp')}`", tree.text(LAYERS)):
            yield LAYERS, 1, f"names no {name} in its table of layers"
    named = dict(tree.quoted("tests/meson.build"))
    for path in tree.below("tests", ends="_test.cpp"):
        if path.removeprefix("tests/") not in named:
            yield path, 1, "is not named in tests/meson.build"

def budgets(tree):
    yield from length_budgets(tree)
    yield from width_budgets(tree)
    yield from function_budgets(tree)
    entries = {path.split("/")[0] for path in tree.tracked}
    if len(entries) > 21:
        yield ".", 1, f"{len(entries)} entries in the root, at most 21"

def length_budgets(tree):
    sizes = [len(tree.lines(path)) for path in tree.headers.values()]
    median = statistics.median(sizes or [0])
    if median > 150:
        yield LIBRARY, 1, f"the median header has {median:g} lines, at most 150"
    limits = {path: 500 for _, path in tree.library()}
    limits |= {path: 60 for path in tree.files if fnmatch(path, "examples/*.cpp")}
    limits |= {"apps/server/main.cpp": 150, "CONTRIBUTING.md": 100}
    for path, limit in limits.items():
        size = len(tree.lines(path))
        if size > limit:
            yield path, 1, f"{size} lines, at most {limit}"

def width_budgets(tree):
    sources = tree.below("include", "apps", "tests", "examples")
    scripts = [path for path in tree.tracked if path == "dev" or path.endswith(".py")]
    for path in sources + scripts:
        for number, line in enumerate(tree.lines(path), 1):
            if len(line) > 100:
                yield path, number, f"{len(line)} columns, at most 100"

def function_budgets(tree):
    sizes = []
    for path in tree.below("include", "apps"):
        code = tree.code(path)
        for found in declarations(code):
            if found.kind == "function":
                size = code.count("\n", found.body, found.end) + 1
                sizes.append((size, path, code.count("\n", 0, found.body) + 1))
    sizes.sort()
    for size, path, line in sizes:
        if size > 70:
            yield path, line, f"a function of {size} lines, at most 70"
    if sizes:
        size, path, line = sizes[math.ceil(len(sizes) * 0.9) - 1]
        if size > 25:
            yield path, line, f"the 90th percentile of functions is {size} lines, at most 25"

def words(tree):
    for _, path in tree.library():
        for pattern, fault in ((VAGUE, "says nothing"), (GETTER, "gets; name what it returns")):
            for line, hit in hits(pattern, tree.code(path)):
                yield path, line, f"`{hit[0]}` {fault}"
    yield from ((path, 1, "the file's name says nothing")
                for path in tree.tracked if VAGUE.search(basename(path)))

def privacy(tree):
    for path in tree.tracked:
        for line, hit in hits(PRIVATE, tree.text(path)):
            if hit[1] and path not in ("tests/tidy.py", "tests/tidy_test.py"):
                yield path, line, f"{hit[1]} names a machine, a registry or a person"

def fields(tree):
    for _, path in tree.library():
        code = tree.code(path)
        for found in declarations(code):
            flat = fold(code[found.start:found.end])
            if (found.kind, found.scope) == ("statement", "struct") and FIELD.fullmatch(flat):
                line = code.count("\n", 0, found.end) + 1
                yield path, line, f"`{flat}` has no initialiser"

def version(tree):
    numbers = re.findall(r"#define COMMENTS_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)",
                         tree.text(LIBRARY + "version.hpp"))
    built = re.search(r"^  version: '([\d.]+)'", tree.text("meson.build"), re.M)
    if built and built[1] != ".".join(numbers):
        yield "meson.build", 1, f"version {built[1]}, and version.hpp has {'.'.join(numbers)}"
    inline = f"::inline v{(numbers or ['0'])[0]}"
    for _, path in tree.library():
        for line, _ in hits(rf"(?m)^namespace comments\b(?!{inline}\b)", tree.code(path)):
            yield path, line, f"a namespace that is not comments{inline}"

RULES = [order, definitions, owners, core, exceptions, banned, locks, mirror, budgets, words,
         privacy, fields, version]

def findings(root):
    tree = Tree(root)
    return sorted((path, line, rule.__name__, message)
                  for rule in RULES for path, line, message in rule(tree))

def main(arguments):
    found = findings(arguments[0] if arguments else Path(__file__).resolve().parent.parent)
    for path, line, rule, message in found:
        print(f"{path}:{line}: {rule}: {message}")
    failed = len({rule for _, _, rule, _ in found})
    print(f"tidy: {len(RULES) - failed} checks passed, {failed} failed")
    return 1 if found else 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
