"""copy_test - `comments-server copy` moves everything, and says what it cannot do."""
import sqlite3
import tempfile
import unittest
from contextlib import closing
from pathlib import Path

from support import POST, Server, main, run

QUIET = ("--drain-delay", "0")


class Copy(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def copy(self, source="from", target="to"):
        return run("copy", "--from", f"sqlite:{self.folder / source}.db",
                   "--to", f"sqlite:{self.folder / target}.db")

    def fill(self, name, count=30):
        with Server("--store", f"sqlite:{self.folder / name}.db", *QUIET) as server:
            for number in range(count):
                server.post(POST, {"content_id": number % 3, "body": f"number {number}"},
                            {"Idempotency-Key": str(number)})
            return [server.get(f"{POST}?content_id={n}&limit=7") for n in range(3)]

    def test_everything_is_as_it_was(self):
        before = self.fill("from")
        done = self.copy()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^comment: 30 of 30$")
        self.assertRegex(done.stdout, r"(?m)^event: 30 rows, checksum [0-9a-f]{16}$")
        with Server("--store", f"sqlite:{self.folder / 'to'}.db", *QUIET) as server:
            for number, page in enumerate(before):
                target = f"{POST}?content_id={number}&limit=7"
                now = server.get(target)
                self.assertEqual((now.body, now.headers["ETag"]), (page.body, page.headers["ETag"]))
                rest = server.get(f"{target}&cursor={page.json['next']}")  # signed by the other
                self.assertEqual(rest.status, 200)
            again = server.post(POST, {"content_id": 0, "body": "number 0"},
                                {"Idempotency-Key": "0"})
            self.assertEqual(again.headers["Idempotency-Replayed"], "true")

    def test_it_goes_on_where_it_was(self):
        self.fill("from")
        self.copy()
        with closing(sqlite3.connect(self.folder / "to.db")) as target, target:
            target.execute("DELETE FROM comment WHERE id NOT IN "
                           "(SELECT id FROM comment ORDER BY id LIMIT 14)")
            target.execute("INSERT INTO change SELECT * FROM event")
            target.execute("DELETE FROM change WHERE version > 1")
        done = self.copy()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("comment: 14 of 30\ncomment: 30 of 30\n", done.stdout)
        self.assertIn("event: 30 of 30\nevent: 30 of 30\n", done.stdout)

    def test_a_copy_that_is_not_possible_says_why_in_one_line(self):
        self.fill("from", 3)
        self.fill("other", 3)
        refused = self.copy(target="other")
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertRegex(refused.stderr, r"^comments-server: The target holds .*\n$")
        missing = self.copy(source="nowhere")
        self.assertEqual(missing.returncode, 2)
        self.assertIn("There is no such file", missing.stderr)
        self.assertFalse((self.folder / "nowhere.db").exists())
        with Server("--store", f"sqlite:{self.folder / 'from'}.db", *QUIET):
            in_use = self.copy()
        self.assertEqual(in_use.returncode, 2)
        self.assertIn("another process is using it", in_use.stderr)

    def test_a_comment_that_changed_meanwhile_is_found_out(self):
        self.fill("from")
        self.copy()
        with closing(sqlite3.connect(self.folder / "to.db")) as target, target:
            target.execute("UPDATE comment SET body = 'x' WHERE position = 1 AND content_id = '1'")
        done = self.copy()
        self.assertEqual(done.returncode, 1)
        self.assertIn("The two differ in the table comment.", done.stderr)

    def test_options(self):
        for options, why in ((("copy",), "--from"),
                             (("copy", "--from", "memory:", "--to", "sqlite:x"), "--from"),
                             (("copy", "--from", "sqlite:x", "--to", "y"), "--to"),
                             (("move",), "move")):
            done = run(*options, folder=self.folder)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn(why, done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_schema_is_brought_up_to_date_and_that_is_all(self):
        store = f"sqlite:{self.folder / 'new'}.db"
        for _ in range(2):
            done = run("migrate", "--store", store)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('"migrated"', done.stderr)
        with closing(sqlite3.connect(self.folder / "new.db")) as made:
            self.assertEqual(made.execute("SELECT count(*) FROM comment").fetchone(), (0,))


if __name__ == "__main__":
    main()
