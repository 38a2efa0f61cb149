#!/usr/bin/env python3
"""tidy_test - what tidy.py says of a small tree that is clean, and of each way to break it.

    python3 tests/tidy_test.py
"""
import sys
import tempfile
from pathlib import Path

import tidy
from tidy import COMPILED, GENERATED, LAYERS, LIBRARY, MAP, UMBRELLA

# What must pass, though it looks like something that must not.
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
DEFINITIONS = """#pragma once
// result.ipp - definitions of result.hpp.
#include <comments/result.hpp>
#include <algorithm>
namespace comments::inline v0 {
struct sum { int all{}; void add(int n) { all += n; } };
COMMENTS_INLINE int sum_of(int n) { return n; }
inline int twice(int n) { return 2 * n; }
template <typename T> T same(T t) { return t; }
}
"""
NAMES = ["result.hpp", "store.hpp", "store/sqlite/connection.hpp", "json/encode.hpp"]
LAST = LIBRARY + "json/encode.hpp"
TESTS = {name: f"tests/{name.removesuffix('.hpp')}_test.cpp" for name in NAMES}


def header(name, rest=""):
    return f"// {name} - nothing.\n#pragma once\n{rest}"


def bringing(name):
    """The end of a header that has an .ipp."""
    return f"\n#ifndef COMMENTS_COMPILED\n#include <comments/{name}.ipp>\n#endif\n"


def clean_tree():
    tree = {LIBRARY + name: header(name) for name in [*NAMES, UMBRELLA]}
    tree |= {TESTS[name]: f"#include <comments/{name}>\n" for name in NAMES}
    tree[LIBRARY + GENERATED + ".in"] = header(GENERATED)
    tree[MAP] = f"files = {[*NAMES, GENERATED, UMBRELLA]}"
    tree["tests/meson.build"] = str([test.removeprefix("tests/") for test in TESTS.values()])
    tree[LIBRARY + "result.hpp"] = header("result.hpp", bringing("result"))
    tree[LIBRARY + "result.ipp"] = DEFINITIONS
    tree[COMPILED] = "// compiled.cpp - all.\n#include <comments/result.ipp>\n"
    tree[LIBRARY + "store.hpp"] = SAMPLE
    tree[LAYERS] = "`result`, `store`, `store/sqlite/connection`; `json/encode`"
    tree[LIBRARY + "store/sqlite/connection.hpp"] = header(
        "store/sqlite/connection.hpp", "#include <sqlite3.h>\n")
    tree["README.md"] = (
        "git@some.org:a/b.git https://me:pw@some.org/home/ x/work/ me@mail.example.org\n")
    return tree


CLEAN = clean_tree()
LONG = "\n" * 70 + "}"

# What the last header may not have in it, by the rule that must notice.
APPENDED = {
    "order": ["#include <comments/comments.hpp>", '#include "../comments.hpp"'],
    "owners": ["#include <sqlite3.h>", "#include <CLI/CLI.hpp>", "#include <sys/stat.h>",
               "#include <boost.hpp>"],
    "banned": ["#include <regex>", "using namespace std;", "auto x = std::views::all;",
               "namespace { int n{}; }"],
    "locks": ["inline std::mutex m;", "void f() { std::lock_guard l{m}; }",
              "struct s { std::condition_variable_any c{}; };", "std::shared_mutex m;"],
    "budgets": ["//" * 51, "//\n" * 500, "auto g(int n) { f([&](int m) { return m; });" + LONG,
                "struct s { s(int n) : n_{n}, m_(n) {" + LONG + " int n_{}; int m_{}; };"],
    "words": ["int row_manager{};", "struct JsonUtils {};", "inline int get_size();"],
    "version": ["namespace comments {}", "namespace comments::inline v1 {}"],
    "privacy": ["// /root/x", "// -I/home/x", "// see pypi.org", "// me@some.org"],
    "fields": ["struct s { int* n; };", "struct s { enum class e { a }; std::map<int, s> n; };"],
}

# The rule, the file, and what stands in it instead; None if there is no such file.
CHANGED = [
    ("order", LIBRARY + "new.hpp", header("new.hpp")),
    ("order", LIBRARY + "store.hpp", None),
    ("order", MAP, CLEAN[MAP] + "'store.hpp'"),
    ("order", MAP, str([UMBRELLA, *NAMES, GENERATED])),
    ("order", LIBRARY + "result.ipp", DEFINITIONS + "#include <comments/store.hpp>\n"),
    ("definitions", LIBRARY + "result.ipp", DEFINITIONS + "int f() { return 1; }\n"),
    ("definitions", LIBRARY + "result.ipp", DEFINITIONS + "int s::f() const { return 1; }\n"),
    ("definitions", LIBRARY + "result.ipp", DEFINITIONS.replace("<comments/result.hpp>", "<map>")),
    ("definitions", LIBRARY + "result.hpp", header("result.hpp")),
    ("definitions", LIBRARY + "result.hpp",
     header("result.hpp", "#include <comments/result.ipp>\n")),
    ("definitions", LIBRARY + "new.ipp", DEFINITIONS.replace("result", "new", 1)),
    ("definitions", COMPILED, ""),
    ("definitions", COMPILED, CLEAN[COMPILED] + "#include <comments/store.hpp>\n"),
    ("owners", LIBRARY + "result.ipp", DEFINITIONS + "#include <zlib.h>\n"),
    ("banned", LIBRARY + "result.ipp", DEFINITIONS.replace("#pragma once\n", "")),
    ("banned", LIBRARY + "result.ipp", DEFINITIONS.replace("result.ipp -", "store.ipp -")),
    ("banned", LIBRARY + UMBRELLA, f"// {UMBRELLA} - y"),
    ("banned", LIBRARY + UMBRELLA, "#pragma once"),
    ("banned", LIBRARY + UMBRELLA, header("other.hpp")),
    ("core", LIBRARY + UMBRELLA,
     header(UMBRELLA, "#include <comments/store/sqlite/connection.hpp>")),
    ("exceptions", LIBRARY + "result.ipp",
     DEFINITIONS + "inline void f() { try { g(); }\n"),
    ("exceptions", LIBRARY + "result.ipp", DEFINITIONS + "inline void f() { catch (int) {} }"),
    ("exceptions", LIBRARY + "result.ipp", DEFINITIONS + "inline void f() { throw 1; }\n"),
    ("fields", LIBRARY + "result.ipp", DEFINITIONS + "struct s { int n; };\n"),
    ("locks", "apps/server/main.cpp", "std::mutex m;"),
    ("mirror", TESTS["result.hpp"], None),
    ("mirror", TESTS["result.hpp"], "#include <vector>\n#include <comments/result.hpp>"),
    ("mirror", "tests/new_test.cpp", ""),
    ("mirror", LAYERS, CLEAN[LAYERS].replace("`store`, ", "")),
    ("version", "meson.build", "  version: '1.0.0',"),
    ("words", "docs/util.md", ""),
    ("words", LIBRARY + "result.ipp", DEFINITIONS + "inline int get_size() { return 1; }\n"),
    ("budgets", "dev", "x" * 101),
    ("budgets", LIBRARY + "result.ipp", DEFINITIONS + "//\n" * 500),
    ("budgets", "apps/server/main.cpp", ("void f() {" + "\n" * 25 + "}\n") * 3),
    ("budgets", "apps/server/main.cpp", "\n" * 151),
    ("budgets", "CONTRIBUTING.md", "\n" * 101),
    ("budgets", "examples/a.cpp", "\n" * 61),
]


def cases():
    """(the rule that must notice, or None; what is changed in the clean tree)"""
    yield None, {}
    for rule, path, text in CHANGED:
        yield rule, {path: text}
    for rule, texts in APPENDED.items():
        for text in texts:
            yield rule, {LAST: CLEAN[LAST] + text}
    yield "budgets", {LIBRARY + name: header(name) + "//\n" * 150
                      for name in [*NAMES[1:], UMBRELLA]}
    yield "budgets", {f"{number}.md": "" for number in range(21)}
    # An adapter may catch what its library throws.
    yield None, {LAST: CLEAN[LAST] + "inline void f() { try { g(); } catch (...) { throw; } }"}
    # An .ipp may include what its header may, and its own header.
    yield None, {
        LIBRARY + "store/sqlite/connection.hpp":
            header("store/sqlite/connection.hpp", bringing("store/sqlite/connection")),
        LIBRARY + "store/sqlite/connection.ipp":
            "#pragma once\n// store/sqlite/connection.ipp - definitions.\n"
            "#include <comments/store/sqlite/connection.hpp>\n#include <sqlite3.h>\n"
            "#include <comments/store.hpp>\n",
        COMPILED: CLEAN[COMPILED] + "#include <comments/store/sqlite/connection.ipp>\n",
    }


def rules_that_notice(changes):
    with tempfile.TemporaryDirectory() as root:
        for path, text in (CLEAN | changes).items():
            if text is not None:
                Path(root, path).parent.mkdir(parents=True, exist_ok=True)
                Path(root, path).write_text(text, "utf-8")
        return [rule for _, _, rule, _ in tidy.findings(root)]


def main():
    passed = failed = 0
    for rule, changes in cases():
        noticed = rules_that_notice(changes)
        if noticed == ([rule] if rule else []):
            passed += 1
        else:
            failed += 1
            print(f"{rule} must notice, and {noticed} did: {changes!r:.300}")
    print(f"tidy_test: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
