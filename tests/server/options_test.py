"""options_test - the server's options, and what it says about wrong ones."""
import contextlib
import re
import sqlite3
import tempfile
import unittest
from pathlib import Path

from support import POST, Server, main, run

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `--([\w-]+)` \| `(\w+)` \| (?:`(.*?)`)? \| (.*) \|$", re.M)
DOCUMENTED = ROW.findall((ROOT / "docs/operations.md").read_text())
OPTIONS = [name for name, *_ in DOCUMENTED]
TOLD = re.compile(r"^  --([\w-]+) (?:[\w:|]+)(?:=(\S+))? \(Env:(\w+)\)$", re.M)
MEMORY = ("--store", "memory:")
NOW = ("--drain-delay", "0")


def variable(option):
    return "COMMENTS_" + option.upper().replace("-", "_")


class Words(unittest.TestCase):
    def test_help_and_the_documentation_tell_the_same_options(self):
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        told = {name: (variable, default) for name, default, variable in TOLD.findall(done.stdout)}
        self.assertEqual(told, {name: (variable, default)
                                for name, variable, default, _ in DOCUMENTED})
        self.assertGreater(len(told), 30)
        for name, (its_variable, _) in told.items():
            self.assertEqual(its_variable, variable(name))
        self.assertEqual(set(re.findall(r"--([\w-]+)", done.stdout)) - set(told),
                         {"help", "version", "check"})
        self.assertEqual(run("-h").stdout, done.stdout)

    def test_the_documentation_tells_what_numbers_are_taken(self):
        compared = 0
        for name, _, default, meaning in DOCUMENTED:
            documented = re.search(r"(\d[\d,]*) (?:\(\w+\) )?to (\d[\d,]*)(?! TiB)\b", meaning)
            if documented and default.isdigit():
                done = run(f"--{name}=x")
                low, high = re.search(r"from (\S+) to (\S+)", done.stderr).groups()
                self.assertEqual((low, high), tuple(n.replace(",", "") for n in
                                                    documented.groups()), name)
                compared += 1
        self.assertGreater(compared, 10)

    def test_version_is_one_line(self):
        done = run("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"\Acomments-server \d+\.\d+\.\d+ \(commit .*\)\n\Z")


class Mistake(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def assert_refused(self, named, *options, env=None):
        """That the binary says one line that has `named` in it, and leaves with 2."""
        done = run(*options, env=env, folder=self.folder)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Acomments-server: .+\n\Z")
        self.assertIn(named, done.stderr)

    def test_a_wrong_option_is_one_line(self):
        for named, *options in [
                ("--bogus", "--bogus"), ("-x", "-x"), ("extra", "extra"),
                ("--bogus --other", "--bogus", "--other=1"),
                ("--listen", "--listen"), ("--store", "--store"),
                ("--listen", "--listen", "a:1", "--listen", "b:2"),
                ("--threads", "--threads=1", "--threads=2"),
                ("line", "--bogus\nline")]:
            with self.subTest(options):
                self.assert_refused(named, *options)
        self.assertEqual(list(self.folder.iterdir()), [])

    WRONG = {
        "listen": ["8000", "localhost", "localhost:", ":", "localhost:x", "localhost:65536",
                   "localhost:-1", "localhost:80x", "localhost: 80", "::1:8000", "[::1]",
                   "[::1]x:80", "http://localhost:8000"],
        "store": ["memory", "memory:x", "sqlite", "sqlite:", "postgres:x", "comments.db", " "],
        "log-level": ["loud", "INFO!", "1", " "],
        "log-format": ["xml", "text json"],
        "legacy-emails": ["maybe", "true", "ALL", "show,all", ""],
        "edit-window": ["-1", "31536001", "15m", "1.5", "x", "99999999999999999999"],
        "drain-delay": ["-1", "301", "1s", "0.5", "x"],
        "connections-max": ["0", "1000001", "-1", "x"],
        "threads": ["0", "4097", "-1", "x", "1.5"],
        "client-connections-max": ["1000001", "-1", "x"],
        "client-followers-max": ["1000001", "-1", "x"],
        "memory-bytes": ["1", "16777215", "-1", "128MB", "x", "1099511627777"],
        "cache-bytes": ["-1", "64MB", "1e6", "x", "1099511627777"],
        "followers-max": ["-1", "1000001", "x"],
        "markup": ["html", "MARKDOWN", "commonmark"],
        "edits-max": ["-1", "10001", "x"],
        "depth-max": ["0", "101", "-1"],
        "body-bytes-max": ["0", "16385", "-1", "16KB"],
        "page-max": ["0", "201"],
        "mode": ["closed", "Open", "first comment", " "],
        "reports-max": ["-1", "1000001"],
        "network-votes-max": ["-1", "1000001", "x"],
        "network-reports-max": ["-1", "1000001", "1.5"],
        "network-clients": ["0", "65537", "-1"],
        "decisions-max": ["0", "1001"],
        "origin-days": ["0", "3651", "-1", "1.5"],
        "links-max": ["-2", "10001", "x"],
        "blocked-words": ["missing/words", ".", "/dev/null/x"],
        "repeat-window": ["-1", "31536001", "1h"],
        "typing-time": ["-1", "3601", "3s"],
        "guard": ["strict", "on", " "],
        "newcomer-links-max": ["-2", "10001", "x"],
        "post-rate": ["-1", "1000000001", "x"],
        "read-rate": ["-1", "1000000001", "1/s"],
        "write-rate": ["-1", "1000000001", "x"],
        "content-rate": ["-1", "1000000001"],
        "token-rate": ["-1", "1000000001"],
        "trusted-proxies": ["10.0.0.0/33", "10.0.0.0/", "localhost", "10.0.0.0/8,,", "::/129",
                            "10.0.0.1 10.0.0.2", "*"],
        "store-pooler": ["yes", "ON"],
        "socket-mode": ["8", "1000", "rw", "-1", "660 "],
        "path-prefix": ["comments", "//evil.example.com", "/a/../b", "/a b", "/a?b", "/%2e%2e",
                        "/api", "/contents/x", "/status/", "/" + "a" * 200],
        "origins": ["example.com", "https://example.com/", "https://", "https://a b", "null",
                    "https://example.com,,"],
        "moderator-token": ["two words", "a\ttab", "eyJhbGciOiJIUzI1NiJ9.e30.x", "caf\u0007"],
        "deploy-token": ["two words"],
    }

    def test_a_wrong_value_is_one_line_that_names_its_option(self):
        for option, values in self.WRONG.items():
            for value in values:
                with self.subTest(option, value=value):
                    self.assert_refused(f"--{option}", f"--{option}={value}")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_wrong_variable_is_one_line_too(self):
        for option, values in self.WRONG.items():
            with self.subTest(option):
                self.assert_refused(variable(option), env={variable(option): values[0]})
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_no_output_shows_a_secret(self):
        secret, other = "hunter2-is-my-secret", "hunter3-is-my-secret"
        for named, *options in [
                ("--moderator-tokn", "--moderator-tokn", secret),
                ("--sso-secert", f"--sso-secert={secret}"),
                ("--moderator-token", "--moderator-token", secret, "--moderator-token", other),
                ("--moderator-token", "--moderator-token", f"{secret} {other}"),
                ("--deploy-token", "--deploy-token", secret, "--moderator-token", secret),
                ("--threads", "--sso-secret", secret, "--threads", "x")]:
            with self.subTest(options):
                self.assert_refused(named, *options)
                self.assertNotIn("hunter", run(*options, folder=self.folder).stderr)

    def test_a_list_of_words_with_a_bad_line_names_it(self):
        words = self.folder / "words"
        for text, line in [(b"ok\n# fine\n\n\xff\n", 4), (b"ok\n...\n", 2), (b"a\0b", 1),
                           (b"x" * 256, 1), (b"ok\r\n" + b"y" * 256 + b"\r\n", 2),
                           (b"".join(b"w%d\n" % n for n in range(10_001)), 10_001)]:
            with self.subTest(text[:20]):
                words.write_bytes(text)
                self.assert_refused(f"line {line} ", *MEMORY, "--blocked-words", str(words))
                self.assert_refused("--blocked-words", *MEMORY, "--blocked-words", str(words))
        for text in (b"", b"\n\n", b"# nothing\n", b"x" * 255,
                     b"".join(b"w%d\n" % n for n in range(10_000))):
            with self.subTest(text[:20]):
                words.write_bytes(text)
                with Server(*MEMORY, *NOW, "--blocked-words", str(words)) as server:
                    self.assertEqual(server.get("/readyz").status, 200)

    def test_an_address_that_is_not_ours_is_refused(self):
        for address in ("192.0.2.1:0", "999.1.1.1:80", "nobody.invalid:0", "[::1%nowhere]:0"):
            with self.subTest(address):
                self.assert_refused(address, *MEMORY, "--listen", address)

    def files(self):
        return {path: path.is_file() and path.read_bytes() for path in self.folder.rglob("*")
                if not path.name.endswith("-lock")}

    def assert_store_refused(self, reason, path):
        """That the store is named and refused with a reason, and everything left as it was."""
        before = self.files()
        for named in (f"--store sqlite:{path}", reason):
            self.assert_refused(named, "--store", f"sqlite:{path}", "--listen", "127.0.0.1:0")
        self.assertTrue(self.files() == before)

    def test_a_folder_is_no_store(self):
        (self.folder / "folder").mkdir()
        self.assert_store_refused("cannot be opened", "folder")
        self.assert_store_refused("cannot be opened", "folder/")

    def test_a_file_in_no_folder_is_no_store(self):
        self.assert_store_refused("cannot be opened", "missing/comments.db")

    def test_a_file_that_is_no_database_is_no_store(self):
        (self.folder / "text").write_text("Dear diary, today\n" * 1000)
        self.assert_store_refused("no SQLite database", "text")

    def test_without_postgresqls_library_only_its_stores_are_refused(self):
        (self.folder / "libpq.so.5").write_text("no library\n")
        without = {"LD_LIBRARY_PATH": str(self.folder)}
        done = run("--store", "postgresql://user:hidden@127.0.0.1/x", env=without)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
        self.assertRegex(done.stderr, "client library cannot be loaded: .*libpq.so.5")
        self.assertNotIn("hidden", done.stderr)
        with Server(*MEMORY, *NOW, env=without) as server:
            self.assertEqual(server.get("/readyz").status, 200)

    def test_a_mistyped_store_leaves_nothing_behind(self):
        (self.folder / "folder").mkdir()
        (self.folder / "text").write_text("Dear diary, today\n" * 1000)
        for path in ("folder", "text"):
            run("--store", f"sqlite:{path}", "--listen", "127.0.0.1:0", folder=self.folder)
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"folder", "text"})

    def test_another_programs_database_is_no_store(self):
        with contextlib.closing(sqlite3.connect(self.folder / "other.db")) as other:
            other.execute("CREATE TABLE recipe (name TEXT)")
        self.assert_store_refused("another program", "other.db")

    def test_a_newer_versions_database_is_no_store(self):
        with Server(*NOW, folder=self.folder) as server:
            server.post(POST, {"content_id": "1", "body": "x"})
        with contextlib.closing(sqlite3.connect(self.folder / "comments.db")) as rows:
            schema = rows.execute("PRAGMA user_version").fetchone()[0]
            rows.execute("PRAGMA user_version = 999")
        self.assert_store_refused("newer", "comments.db")
        with contextlib.closing(sqlite3.connect(self.folder / "comments.db")) as rows:
            rows.execute(f"PRAGMA user_version = {schema}")
        with Server(*NOW, folder=self.folder) as server:
            self.assertEqual(len(server.get("/api/comment/list/1").json), 1)

    def test_a_damaged_database_is_no_store(self):
        (self.folder / "damaged.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
        self.assert_store_refused("damaged", "damaged.db")


if __name__ == "__main__":
    main()
