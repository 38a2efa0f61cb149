"""options_test - what the server can be told, and what it says to who tells it wrong."""
import base64
import contextlib
import json
import re
import sqlite3
import tempfile
import unittest
from datetime import datetime
from pathlib import Path
from signal import SIGINT, SIGTERM

from support import ORIGINAL_POST, POST, Server, free_port, main, read_answer, run, until

OPTIONS = {  # each with its default
    "listen": "127.0.0.1:8000", "store": "sqlite:comments.db", "log-level": "info",
    "log-format": "json", "legacy-emails": "show", "edit-window": "900", "drain-delay": "1",
    "threads": "64", "cache-bytes": "67108864", "connections-max": "20000"}
MEMORY = ("--store", "memory:")
NOW = ("--drain-delay", "0")


def variable(option):
    return "COMMENTS_" + option.upper().replace("-", "_")


class Words(unittest.TestCase):
    def test_help_tells_every_option_its_variable_and_its_default(self):
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option, default in OPTIONS.items():
            told = re.search(rf"--{option}\b(.*\n.*)", done.stdout)
            self.assertTrue(told, option)
            self.assertIn(variable(option), told[1])
            self.assertIn(default, told[1])
        for option in ("--help", "--version", "--check"):
            self.assertIn(option, done.stdout)
        self.assertEqual(run("-h").stdout, done.stdout)

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
        "legacy-emails": ["maybe", "true"],
        "edit-window": ["-1", "31536001", "15m", "1.5", "x", "99999999999999999999"],
        "drain-delay": ["-1", "301", "1s", "0.5", "x"],
        "connections-max": ["0", "1000001", "-1", "x"],
        "threads": ["0", "4097", "-1", "x", "1.5"],
        "cache-bytes": ["-1", "64MB", "1e6", "x", "1099511627777"],
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


class Effect(unittest.TestCase):
    """Each option on the command line and in the environment, and which of the two wins.

    `check(server)` says whether the server does as it was told.
    """

    def assert_obeyed(self, option, value, other, check, store="memory:"):
        rest = [f"--{name}={quick}" for name, quick in (("store", store), ("drain-delay", "0"))
                if name != option]
        told = [f"--{option}={value}"]
        for way, options, env in [
                ("the option", told, {}),
                ("the variable", [], {variable(option): value}),
                ("the option before the variable", told, {variable(option): other})]:
            with self.subTest(way), Server(*options, *rest, env=env) as server:
                check(server)

    def test_an_empty_variable_is_none(self):
        with Server(env={variable(option): "" for option in OPTIONS}) as server:
            self.assertEqual(server.events[0]["store"], "sqlite:comments.db")
            server.stop(SIGINT)

    def test_listen(self):
        address = f"127.0.0.1:{free_port()}"
        self.assert_obeyed("listen", address, "127.0.0.1:0",
                           lambda server: self.assertEqual(server.address, address))

    def test_store(self):
        def check(server):
            server.post(POST, {"content_id": "1", "body": "x"})
            self.assertTrue((server.folder / "mine.db").exists())
            self.assertFalse((server.folder / "other.db").exists())
            self.assertEqual(server.events[0]["store"], "sqlite:mine.db")

        self.assert_obeyed("store", "sqlite:mine.db", "sqlite:other.db", check)

    def test_the_store_is_a_file_here_if_nobody_says_otherwise(self):
        with Server(*NOW) as server:
            self.assertTrue((server.folder / "comments.db").exists())

    def test_log_level(self):
        def check(server):
            self.assertEqual(server.get("/healthz").status, 200)
            server.stop()
            self.assertEqual(server.lines, [])

        for way, options, env in [("the option", ["--log-level=error"], {}),
                                  ("the variable", [], {"COMMENTS_LOG_LEVEL": "error"}),
                                  ("both", ["--log-level=error"], {"COMMENTS_LOG_LEVEL": "info"})]:
            with self.subTest(way), Server(*MEMORY, *NOW, *options, env=env,
                                           port=free_port()) as server:
                check(server)

    def test_log_format(self):
        self.assert_obeyed("log-format", "text", "json",
                           lambda server: self.assertRegex(server.lines[0], "^2.* listening "))

    def test_legacy_emails(self):
        def check(server):
            server.post(ORIGINAL_POST, {"content_id": 1, "comment": "x",
                                        "email": "matheus@example.com"})
            self.assertEqual(server.get("/api/comment/list/1").json,
                             [{"email": "", "comment": "x"}])

        self.assert_obeyed("legacy-emails", "hide", "show", check)

    def test_edit_window(self):
        def check(server):  # an edit token begins with the moment at which it expires
            made = server.post(POST, {"content_id": "1", "body": "x"}).json
            expires = base64.urlsafe_b64decode(made["edit_token"].split(".")[0] + "==")
            posted = datetime.fromisoformat(made["created_at"]).timestamp()
            self.assertEqual(int(expires) - round(posted * 1000), 77_000)

        self.assert_obeyed("edit-window", "77", "78", check)

    def test_drain_delay(self):
        def check(server):
            server.tell(SIGTERM)
            until(lambda: server.get("/readyz").status == 503, "the drain")
            server.stop()

        self.assert_obeyed("drain-delay", "300", "0", check)

    def test_cache_bytes(self):
        def check(server):
            server.post(POST, {"content_id": "1", "body": "x"})
            for _ in range(3):
                self.assertEqual(server.get(POST + "?content_id=1").status, 200)
            metrics = server.get("/metrics").body.decode()
            self.assertIn("comments_page_cache_hits_total 0\n", metrics)
            self.assertIn("comments_page_cache_bytes 0\n", metrics)

        self.assert_obeyed("cache-bytes", "0", "67108864", check)

    def test_threads(self):
        comment = json.dumps({"content_id": "1", "body": "x"}).encode()
        post = (b"POST /api/v1/comments HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(comment), comment))

        def running(server):
            text = server.get("/metrics").body.decode()
            return int(re.search(r"^comments_http_requests_running (\d+)$", text, re.M)[1])

        def check(server):
            with contextlib.ExitStack() as stack:
                other = stack.enter_context(
                    contextlib.closing(sqlite3.connect(server.folder / "comments.db")))
                other.execute("BEGIN IMMEDIATE")  # so whoever wants to write has to wait
                clients = [stack.enter_context(server.connect()) for _ in range(3)]
                for client in clients:
                    client.sendall(post)
                until(lambda: running(server) == 2, "one that posts, and the one who asks")
                other.rollback()
                for client in clients:
                    self.assertEqual(read_answer(client).status, 201)

        self.assert_obeyed("threads", "1", "8", check, store="sqlite:comments.db")

    def test_connections_max(self):
        def check(server):
            health = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
            with server.connect() as first, server.connect() as second:
                first.sendall(health)
                self.assertEqual(read_answer(first).status, 200)
                refused = read_answer(second)
                self.assertEqual((refused.status, refused.json["code"]), (503, "unavailable"))
                self.assertEqual(refused.headers["Connection"], "close")
                self.assertIn("Retry-After", refused.headers)
                first.sendall(health)
                self.assertEqual(read_answer(first).status, 200)
            until(lambda: server.get("/healthz").status == 200, "there to be room")

        self.assert_obeyed("connections-max", "1", "8", check)


if __name__ == "__main__":
    main()
