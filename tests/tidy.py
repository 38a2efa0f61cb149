#!/usr/bin/env python3
"""tidy - the style and the architecture of this tree, as a test.

    python3 tests/tidy.py [ROOT]       one line per finding: path:line: rule: message
    python3 tests/tidy.py --self-test  breaks small trees on purpose; every rule must bite

A rule is a function that yields (path, line, message). It reads text and compiles nothing.
"""
import re
import statistics
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from posixpath import basename, dirname, join, normpath

LIBRARY, MAP = "include/comments/", "include/comments/meson.build"
UMBRELLA, GENERATED = "comments.hpp", "version.hpp"
OWNERS = {  # who may include what, below include/comments
    "sqlite3.h": ["store/sqlite/wiping_vfs.hpp", "store/sqlite/connection.hpp"],  # the disk, all else
    "libpq-fe.h": ["store/postgres/connection.hpp"],
    "httplib.h": ["http/httplib.hpp"], "zlib.h": ["http/gzip.hpp"], "openssl/*": ["auth/*"],
    "cmark*": ["markdown/cmark.hpp"], "linux/*": ["http/epoll/sockets.hpp"], "netdb.h": ["http/epoll/sockets.hpp"],
    "pugixml.hpp": ["feed/atom.hpp"],
    "nlohmann/*": ["json/*"], "utf8proc.h": ["rules/blocked_words.hpp"],
    "CLI/*": [], "spdlog/*": [],
} | dict.fromkeys(["sys/*", "unistd.h", "fcntl.h", "netinet/*", "arpa/inet.h", "poll.h"],
                  ["store/sqlite/connection.hpp", "store/postgres/connection.hpp", "http/*"])
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
        self.listed = [(name, line) for name, line in self.quoted(MAP) if name.endswith(".hpp")]

    def below(self, *folders, ends=(".hpp", ".cpp")):
        return [f for f in self.files if f.split("/")[0] in folders and f.endswith(ends)]

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

def declarations(code):
    """(kind, scope, start, end) of each function body and of each statement outside of one."""
    code, stack, start, parens = DIRECTIVE.sub(blank, code), [("namespace", 0)], 0, 0
    for mark in re.finditer(r"[{}();]", code):
        sign, at, (scope, opened) = mark[0], mark.start(), stack[-1]
        inside = scope in ("function", "value") or parens
        parens += (sign == "(") - (sign == ")")
        if sign == "{":
            kind = "value" if inside else opened_by(code[start:at])
            stack.append((kind, at))
            start = start if kind == "value" else at + 1  # a value belongs to its declaration
        elif sign == "}" and len(stack) > 1:
            stack.pop()
            start = start if scope == "value" else at + 1
            if scope == "function":
                yield scope, stack[-1][0], opened, at
        elif sign == ";" and not inside:
            yield "statement", scope, start, at
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
        for line, target in tree.includes(path):
            above = rank.get(target.removeprefix("comments/"), len(rank)) < rank.get(name, -1)
            if name in rank and target.startswith("comments/") and not above:
                yield path, line, f"<{target}> is not listed above {name}"

def owners_of(target):
    return next((owners for what, owners in OWNERS.items() if fnmatch(target, what)), None)

def owners(tree):
    for name, path in tree.headers.items():
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
            ours = tree.headers.get(target.removeprefix("comments/"), path)
            reached += [ours] if ours not in reached else []
            if owners_of(target) is not None:
                yield path, line, f"{UMBRELLA} reaches <{target}>"

def banned(tree):
    for path in tree.headers.values():
        code = tree.code(path)
        yield from ((path, line, f"<{target}> is banned")
                    for line, target in tree.includes(path) if target in BANNED)
        for line, hit in hits(r"\busing\s+namespace\b|\bstd::(?:ranges::)?views\b", code):
            yield path, line, f"`{hit[0]}` is banned"
        if not re.search(r"^#pragma once$", code, re.M):
            yield path, 1, "no #pragma once"
        if not re.match(r"(?:#pragma once\n(?:.*\n)?)?// [\w./]+ - \S", tree.text(path)):
            yield path, 1, "does not start with `// name - what it is for`"

def mirror(tree):
    for name, line in [q for q in tree.listed if q[0] not in (UMBRELLA, GENERATED)]:
        test = f"tests/{name.removesuffix('.hpp')}_test.cpp"
        if test not in tree.files:
            yield MAP, line, f"{name} has no {test}"
        elif f"comments/{name}" not in [target for _, target in tree.includes(test)[:1]]:
            yield test, 1, f"does not include <comments/{name}> first"
    named = dict(tree.quoted("tests/meson.build"))
    for path in tree.below("tests", ends="_test.cpp"):
        if path.removeprefix("tests/") not in named:
            yield path, 1, "is not named in tests/meson.build"

def budgets(tree):
    sizes = {path: len(tree.lines(path)) for path in tree.headers.values()}
    if (median := statistics.median(sizes.values() or [0])) > 150:
        yield LIBRARY, 1, f"the median header has {median:g} lines, at most 150"
    limits = dict.fromkeys(sizes, 500) | {"apps/server/main.cpp": 150, "CONTRIBUTING.md": 80}
    limits |= {path: 60 for path in tree.files if fnmatch(path, "examples/*.cpp")}
    for path, limit in limits.items():
        if (size := len(tree.lines(path))) > limit:
            yield path, 1, f"{size} lines, at most {limit}"
    wide = tree.below("include", "apps", "tests", "examples") + tree.below("dev", ends="")
    for path in wide + [path for path in tree.tracked if path.endswith(".py")]:
        yield from ((path, number, f"{len(line)} columns, at most 100")
                    for number, line in enumerate(tree.lines(path), 1) if len(line) > 100)
    if (entries := len({path.split("/")[0] for path in tree.tracked})) > 20:
        yield ".", 1, f"{entries} entries in the root, at most 20"
    yield from function_budgets(tree)

def function_budgets(tree):
    found = sorted((code.count("\n", start, end) + 1, path, code.count("\n", 0, start) + 1)
                   for path in tree.below("include", "apps") for code in [tree.code(path)]
                   for kind, _, start, end in declarations(code) if kind == "function")
    for size, path, line in found[(len(found) * 9 - 1) // 10:][:1]:
        if size > 25:
            yield path, line, f"the 90th percentile of functions is {size} lines, at most 25"
    yield from ((path, line, f"a function of {size} lines, at most 70")
                for size, path, line in found if size > 70)

def words(tree):
    for path in tree.headers.values():
        for pattern, fault in ((VAGUE, "says nothing"), (GETTER, "gets; name what it returns")):
            for line, hit in hits(pattern, tree.code(path)):
                yield path, line, f"`{hit[0]}` {fault}"
    yield from ((path, 1, "the file's name says nothing")
                for path in tree.tracked if VAGUE.search(basename(path)))

def privacy(tree):
    for path in tree.tracked:
        for line, hit in hits(PRIVATE, tree.text(path)):
            if hit[1] and path != "tests/tidy.py":
                yield path, line, f"{hit[1]} names a machine, a registry or a person"

def fields(tree):
    for path in tree.headers.values():
        code = tree.code(path)
        for kind, scope, start, end in declarations(code):
            flat = fold(code[start:end])
            if (kind, scope) == ("statement", "struct") and FIELD.fullmatch(flat):
                yield path, code.count("\n", 0, end) + 1, f"`{flat}` has no initialiser"

RULES = [order, owners, core, banned, mirror, budgets, words, privacy, fields]

def findings(root):
    tree = Tree(root)
    return sorted((path, line, rule.__name__, message)
                  for rule in RULES for path, line, message in rule(tree))

# --- the self-test: a tree that is clean, and what is wrong with each change to it ----------------
SAMPLE = r"""#pragma once
// store.hpp - what must pass: "{", /root of braces that are none, and ids like a@b.
#include "result.hpp"
#include <utility>
template <class T> concept named = requires(T t) { t.name; };
struct row { int id{}; const char* name = R"({"a": "}{)"; std::function<void(int)> done{}; };
constexpr std::array rows{row{.id = 1'000}, row{.id = '{', .name = text("}")}};
template <class... Ts> struct overloaded : Ts... { using Ts::operator()...; };
class service final : public base<int> { public:
  explicit service(store& s, options o = {}) noexcept(true) : base<int>{1}, store_{s}, o_(o) {}
  service(const service&) = delete; bool operator==(const service&) const = default;
  auto operator<=>(const service& b) const { return o_ <=> b.o_; } int operator()() { return 1; }
  store& store_; options o_; };
template <named T> requires (sizeof(T) > 1) auto first(T t) -> std::string { return {t.name}; }
template <class T> void all(T t) requires requires(T u) { u.x(); } { std::visit([](auto) {}, t); }
inline row a() { return {.id = 2}; } inline row b() { return {}; } inline row c() { return {}; }
inline row d() { return {}; } inline row e() { return {}; } inline row f() { return {}; }
"""
NAMES = ["result.hpp", "store.hpp", "store/sqlite/connection.hpp", "json/encode.hpp"]
TESTS = [name.replace(".hpp", "_test.cpp") for name in NAMES]
FINE = "// sample.hpp - nothing.\n#pragma once\n"
CLEAN = {LIBRARY + name: FINE for name in NAMES + [UMBRELLA, GENERATED + ".in"]} | {
    f"tests/{test}": f"#include <comments/{name}>\n" for test, name in zip(TESTS, NAMES)} | {
    MAP: f"files = {NAMES + [GENERATED, UMBRELLA]}", "tests/meson.build": f"tests = {TESTS}",
    LIBRARY + "store.hpp": SAMPLE,
    LIBRARY + "store/sqlite/connection.hpp": FINE + "#include <sqlite3.h>\n",
    "README.md": "git@some.org:a/b.git https://me:pw@some.org/home/ x/work/ me@mail.example.org\n"}
LONG = "\n" * 70 + "}"
APPENDED = {  # to json/encode.hpp, one at a time
    "order": ["#include <comments/comments.hpp>", '#include "../comments.hpp"'],
    "owners": [f"#include <{x}>" for x in ("sqlite3.h", "CLI/CLI.hpp", "sys/stat.h", "boost.hpp")],
    "banned": ["#include <regex>", "using namespace std;", "auto x = std::views::all;"],
    "budgets": ["//" * 51, "//\n" * 500, "auto g(int n) { f([&](int m) { return m; });" + LONG,
                "struct s { s(int n) : n_{n}, m_(n) {" + LONG + " int n_{}; int m_{}; };"],
    "words": ["int row_manager{};", "struct JsonUtils {};", "inline int get_size();"],
    "privacy": ["// /root/x", "// -I/home/x", "// see pypi.org", "// me@some.org"],
    "fields": ["struct s { int* n; };", "struct s { enum class e { a }; std::map<int, s> n; };"]}
CHANGED = [
    ("order", {LIBRARY + "new.hpp": FINE}), ("order", {LIBRARY + "store.hpp": None}),
    ("order", {MAP: CLEAN[MAP] + "'store.hpp'"}), ("budgets", {"dev": "x" * 101}),
    ("order", {MAP: f"{[UMBRELLA, *NAMES, GENERATED]}"}), ("words", {"docs/util.md": ""}),
    ("core", {LIBRARY + UMBRELLA: FINE + "#include <comments/store/sqlite/connection.hpp>"}),
    ("banned", {LIBRARY + UMBRELLA: "// x - y"}), ("banned", {LIBRARY + UMBRELLA: "#pragma once"}),
    ("mirror", {"tests/result_test.cpp": None}), ("mirror", {"tests/new_test.cpp": ""}),
    ("mirror", {"tests/result_test.cpp": "#include <vector>\n#include <comments/result.hpp>"}),
    ("budgets", {LIBRARY + name: FINE + "//\n" * 150 for name in NAMES}),
    ("budgets", {"apps/server/main.cpp": ("void f() {" + "\n" * 25 + "}\n") * 3}),
    ("budgets", {"apps/server/main.cpp": "\n" * 151}), ("budgets", {"CONTRIBUTING.md": "\n" * 81}),
    ("budgets", {"examples/a.cpp": "\n" * 61}), ("budgets", {f"{n}.md": "" for n in range(20)})]

def judged(changes):
    with tempfile.TemporaryDirectory() as root:
        for path, text in (CLEAN | changes).items():
            Path(root, path).parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                Path(root, path).write_text(text, "utf-8")
        return findings(root)

def self_test():
    cases = [("clean", {})] + CHANGED + [(rule, {LIBRARY + NAMES[-1]: FINE + text})
                                         for rule, texts in APPENDED.items() for text in texts]
    wrong = [(rule, changes, found) for rule, changes in cases for found in [judged(changes)]
             if [finding[2] for finding in found] != [rule][rule == "clean":]]
    for rule, changes, found in wrong:
        print(f"{rule}: {changes!r:.99} gives {found}")
    print(f"self-test: {len(cases) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0

def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    found = findings(arguments[0] if arguments else Path(__file__).resolve().parent.parent)
    for path, line, rule, message in found:
        print(f"{path}:{line}: {rule}: {message}")
    failed = len({rule for _, _, rule, _ in found})
    print(f"tidy: {len(RULES) - failed} checks passed, {failed} failed")
    return 1 if found else 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
