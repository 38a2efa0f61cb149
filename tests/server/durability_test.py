"""durability_test - an acknowledged comment is there: after a restart, after kill -9, once.

The crash tests print their seed when they fail. They kill the server under the load of clients,
bring it up on what is left, and let the clients retry whatever they had no answer to.
"""
import contextlib
import random
import shutil
import sqlite3
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlencode

from clients import CONTENTS, Client
from support import NO_ANSWER, LEGACY_POST, POST, Server, at_once, main, size, until

SQLITE = ("--store", "sqlite:comments.db", "--drain-delay", "0")


def database(path):
    return contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True))


class Tenacious(Client):
    """Posts until the server goes, and tries again what had no answer once it is back."""

    def post_until_it_goes(self, server):
        with contextlib.suppress(*NO_ANSWER):
            while True:
                self.send(server, self.new_key())

    def retry_unanswered_and_post(self, server):
        with contextlib.suppress(*NO_ANSWER):
            for key in [key for key in self.sent if key not in self.acknowledged]:
                self.send(server, key)
        self.post_until_it_goes(server)

    def retry(self, server):
        """Everything that went without an answer, and some of what was answered."""
        for key in self.sent:
            if key not in self.acknowledged or self.dice.random() < 0.1:
                was_known = key in self.acknowledged
                answer = self.send(server, key)
                if was_known and answer.headers["Idempotency-Replayed"] != "true":
                    raise AssertionError(f"{key} was forgotten")


class Crash(unittest.TestCase):
    def setUp(self):
        seed = random.randrange(2**32)
        self.dice = random.Random(seed)
        self.enterContext(self.subTest(seed=seed))
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.clients = [Tenacious(n, random.Random(self.dice.random())) for n in range(8)]

    def count(self):
        return sum(len(client.acknowledged) for client in self.clients)

    def test_kill_9_under_load_loses_and_doubles_nothing(self):
        for _ in range(4):
            with Server(*SQLITE, folder=self.folder) as server:
                at_once([lambda c=c: c.retry(server) for c in self.clients])
                self.check_answers(server)
                self.check_rows(self.folder)
                enough = self.count() + self.dice.randint(1, 120)

                def kill():
                    until(lambda: self.count() >= enough, "comments")
                    server.kill()

                at_once([lambda c=c: c.post_until_it_goes(server) for c in self.clients] + [kill])
            self.check_what_is_left()
        with Server(*SQLITE, folder=self.folder) as server:
            at_once([lambda c=c: c.retry(server) for c in self.clients])
            self.check_answers(server)
        self.assertFalse((self.folder / "comments.db-wal").exists())
        self.check_rows(self.folder)

    def test_kill_9_at_many_moments_of_one_growing_database(self):
        """Without looking at every answer each time, so that many do not take long."""
        clients = self.clients[:4]
        for _ in range(size(40, 100)):
            with Server(*SQLITE, folder=self.folder) as server:
                enough = self.count() + self.dice.randint(1, 12)

                def kill():
                    until(lambda: self.count() >= enough, "comments")
                    server.kill()

                at_once([lambda c=c: c.retry_unanswered_and_post(server) for c in clients]
                        + [kill])
        self.check_what_is_left()
        with Server(*SQLITE, folder=self.folder) as server:
            at_once([lambda c=c: c.retry(server) for c in clients])
            self.check_answers(server)
        self.check_rows(self.folder)

    def check_answers(self, server):
        """That everything sent is there once, as it was answered, and nothing else."""
        found = []
        for content_id in CONTENTS:
            listed = server.get(f"/api/comment/list/{content_id}")
            found += [item["comment"] for item in listed.json] if listed.status == 200 else []
        sent = [key for client in self.clients for key in client.sent]
        self.assertEqual(sorted(found), sorted(sent))
        for client in self.clients:
            for key, made in client.acknowledged.items():
                if "id" in made and client.dice.random() < 0.2:
                    same = server.get(f"{POST}/{made['id']}").json
                    moving = {"replies": 0, "version": 0}
                    self.assertEqual(same | moving, made | moving)

    def check_what_is_left(self):
        """Looks at a copy, so that the server itself has to recover the original."""
        with tempfile.TemporaryDirectory() as copy:
            for path in self.folder.glob("comments.db*"):
                shutil.copy(path, copy)
            with contextlib.closing(sqlite3.connect(Path(copy, "comments.db"))) as rows:
                self.assertEqual(rows.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.check_rows(copy)

    def check_rows(self, folder):
        """What must hold between the tables at any moment."""
        with database(Path(folder, "comments.db")) as rows:
            self.assertEqual(rows.execute("PRAGMA foreign_key_check").fetchall(), [])
            contents = rows.execute("SELECT content_id, version, comments FROM content").fetchall()
            for content_id, version, comments in contents:
                def column(sql):
                    return [row[0] for row in rows.execute(sql, (content_id,))]

                gapless = list(range(1, version + 1))
                self.assertEqual(column(
                    "SELECT version FROM event WHERE content_id = ? ORDER BY version"), gapless)
                self.assertEqual(column(
                    "SELECT position FROM comment WHERE content_id = ? ORDER BY position"), gapless)
                self.assertEqual(comments, len(gapless))
            wrong = rows.execute(
                "SELECT id FROM comment AS parent WHERE replies != (SELECT count(*) FROM comment "
                "WHERE parent_id = parent.id AND content_id = parent.content_id)").fetchall()
            self.assertEqual(wrong, [])
            stored = {row[0] for row in rows.execute("SELECT body FROM comment")}
            told = {key for client in self.clients for key in client.acknowledged}
            self.assertLessEqual(told, stored)

    def test_a_server_killed_while_it_makes_its_file_leaves_one_that_opens(self):
        for name in ("comments.db-lock", "comments.db", "comments.db-wal"):
            with self.subTest(name):
                server = Server(*SQLITE, folder=self.enterContext(tempfile.TemporaryDirectory()))
                server.start()
                until((server.folder / name).exists, name)
                server.kill()
                with Server(*SQLITE, folder=server.folder) as second:
                    self.assertEqual(second.post(POST, {"content_id": "1", "body": "x"}).status,
                                     201)


class Restart(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def test_a_restart_changes_no_answer(self):
        targets = ["/api/comment/list/1", "/api/v1/counts?content_id=1&content_id=2",
                   "/api/v1/contents/1", f"{POST}?content_id=1",
                   f"{POST}?{urlencode({'content_id': 'Avaliação 🙂'})}"]
        with Server(*SQLITE, folder=self.folder) as server:
            root = server.post(POST, {"content_id": 1, "body": "root\n🙂",
                                      "author": {"name": "Gabi", "email": "a@example.com"}}).json
            server.post(POST, {"content_id": 1, "body": "reply", "parent_id": root["id"]})
            server.post(LEGACY_POST, {"content_id": "Avaliação 🙂", "comment": "x",
                                        "email": "matheus@example.com"})
            targets += [f"{POST}/{root['id']}", f"{POST}?content_id=1&parent_id={root['id']}"]
            before = [(a.body, a.headers["ETag"]) for a in map(server.get, targets)]
        with Server(*SQLITE, folder=self.folder) as server:
            after = [(a.body, a.headers["ETag"]) for a in map(server.get, targets)]
            self.assertEqual(after, before)
            etag = before[3][1]
            self.assertEqual(server.get(targets[3], {"If-None-Match": etag}).status, 304)

    def test_cursors_and_keys_are_good_after_a_restart(self):
        first = {"content_id": "1", "body": "0"}
        with Server(*SQLITE, folder=self.folder) as server:
            made = server.post(POST, first, {"Idempotency-Key": "k"}).json
            for number in range(1, 5):
                server.post(POST, {"content_id": "1", "body": f"{number}"})
            cursor = server.get(f"{POST}?content_id=1&limit=2").json["next"]
        with Server(*SQLITE, folder=self.folder) as server:
            rest = server.get(f"{POST}?content_id=1&limit=3&cursor={cursor}").json
            self.assertEqual([item["body"] for item in rest["items"]], ["2", "3", "4"])
            again = server.post(POST, first, {"Idempotency-Key": "k"})
            self.assertEqual(again.headers["Idempotency-Replayed"], "true")
            self.assertEqual(again.json["id"], made["id"])
            other = server.post(POST, first | {"body": "other"}, {"Idempotency-Key": "k"})
            self.assertEqual(other.status, 422)
            self.assertEqual(server.get("/api/v1/contents/1").json["version"], 5)

    def test_memory_forgets(self):
        for _ in range(2):
            with Server("--store", "memory:", "--drain-delay", "0", folder=self.folder) as server:
                self.assertEqual(server.get("/api/comment/list/1").status, 404)
                server.post(POST, {"content_id": "1", "body": "x"})
                self.assertEqual(len(server.get("/api/comment/list/1").json), 1)
        self.assertEqual(list(Path(self.folder).iterdir()), [])


if __name__ == "__main__":
    main()
