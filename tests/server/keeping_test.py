"""keeping_test - what was backed up is what is served again, whatever became of the files.

The scenarios of docs/storage.md ("Backup and restore") are walked as they stand there. A server is
killed in the middle of its work wherever an owner would find a log left beside the file.
"""
import contextlib
import os
import random
import re
import shutil
import sqlite3
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import POST, Server, binary, environment, main, run, size, until

NOW = ("--drain-delay", "0")
LONG = size(0, 1)  # else one way stands for all where the file is large
SMALL, LARGE = 3, 100  # comments of 16 KB, of which each takes four times that


class Keeping(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "comments.db"
        self.backup = self.folder / "backup.db"

    def server(self, **options):
        return Server(*NOW, folder=self.folder, **options)

    def post(self, server, *bodies):
        for body in bodies:
            self.assertEqual(server.post(POST, {"content_id": "1", "body": body}).status, 201)

    def fill(self, server, count, before=""):
        """Large bodies: Markdown is not asked to read them."""
        self.post(server, *(f"{before}{n} ".ljust(16_000, "x") for n in range(count)))

    def bodies(self, server):
        found, cursor = [], ""
        while cursor is not None:
            page = server.get(f"{POST}?content_id=1&limit=200{cursor}").json
            found += [item["body"].split(" ")[0] for item in page["items"]]
            cursor = page.get("next") and f"&cursor={page['next']}"
        return found

    def served(self):
        with self.server() as server:
            return self.bodies(server)

    def files(self):
        """Every file and what is in it, but for the lock, which each process may open."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()
                if not path.name.endswith("-lock")}

    def done(self, *options, code=0):
        finished = run(*options, folder=self.folder)
        self.assertEqual(finished.returncode, code, finished.stderr)
        if code:
            self.assertEqual(finished.stdout, "")
            self.assertRegex(finished.stderr, r"\Acomments-server: .+\n\Z")
        else:
            self.assertEqual(finished.stderr, "")
        return finished.stderr if code else finished.stdout

    def copies(self):
        """The ways in which owners make copies of a database that is in use."""
        def cli(target):
            self.done("backup", str(target))

        def online(target):
            with contextlib.closing(sqlite3.connect(self.file)) as source, \
                    contextlib.closing(sqlite3.connect(target)) as made:
                source.backup(made)

        def vacuum(target):
            with contextlib.closing(sqlite3.connect(self.file)) as source:
                source.execute("VACUUM INTO ?", (str(target),))

        return {"backup": cli, "online": online, "vacuum": vacuum}

    def clear(self):
        for path in self.folder.iterdir():
            path.unlink()


class Refusal(Keeping):
    """A log that belongs to another file than the one beside it."""

    def assert_refused(self, reason="belongs to another file"):
        before = self.files()
        why = self.done("--listen", "127.0.0.1:0", code=2)
        self.assertIn(reason, why)
        self.assertIn("comments-server restore", why)
        self.assertEqual(self.files().keys(), before.keys())
        self.assertTrue(self.files() == before)

    def test_a_backup_copied_over_a_killed_servers_file_is_not_undone_in_silence(self):
        for count in (SMALL, LARGE):
            copies = list(self.copies().items())
            for name, copy in copies[:1 if count == LARGE and not LONG else None]:
                with self.subTest(name, comments=count):
                    self.clear()
                    with self.server() as server:
                        self.fill(server, count, "kept")
                        copy(self.backup)
                        self.fill(server, count, "later")
                        server.kill()
                    self.assertGreater((self.folder / "comments.db-wal").stat().st_size, 0)
                    shutil.copyfile(self.backup, self.file)
                    self.assert_refused()
                    self.done("restore", str(self.backup))
                    self.assertEqual(self.served(), [f"kept{n}" for n in range(count)])

    def test_a_copy_of_a_stopped_servers_file_is_told_from_a_later_state_of_it(self):
        with self.server() as server:
            self.post(server, "kept")
        shutil.copyfile(self.file, self.backup)
        with self.server() as server:
            self.post(server, "later")
            server.kill()
        shutil.copyfile(self.backup, self.file)
        self.assert_refused()
        (self.folder / "comments.db-wal").unlink()  # what the line says as well
        self.assertEqual(self.served(), ["kept"])

    def test_a_log_without_its_file_is_not_thrown_away(self):
        for cut in (self.file.unlink, lambda: os.truncate(self.file, 0)):
            self.clear()
            with self.server() as server:
                self.post(server, "kept")
                server.kill()
            cut()
            self.assert_refused("missing or empty")

    def test_a_journal_of_a_file_that_was_just_begun_does_not_empty_a_backup(self):
        with self.server() as server:
            self.post(server, "kept")
        (self.folder / "comments.db-journal").write_bytes(
            bytes.fromhex("d9d505f920a163d7") + bytes(12) + bytes.fromhex("0000020000001000")
            + bytes(484))
        self.assert_refused("would empty this one")
        self.done("backup", "other.db", code=1)

    def test_the_log_of_a_killed_server_is_played_as_ever(self):
        for count in (SMALL, LARGE):
            for ends in (("", "-wal", "-lock"), ("", "-wal"))[count == LARGE and not LONG:]:
                with self.subTest(comments=count, ends=ends), \
                        tempfile.TemporaryDirectory() as elsewhere:
                    self.clear()
                    with self.server() as server:
                        self.fill(server, count)
                        server.kill()
                    for end in ends:  # also where the files were copied to
                        shutil.copyfile(f"{self.file}{end}", f"{elsewhere}/comments.db{end}")
                    for folder in (elsewhere, self.folder):
                        with Server(*NOW, folder=folder) as server:
                            self.assertEqual(self.bodies(server), [str(n) for n in range(count)])

    def test_another_tools_checkpoint_does_not_make_a_log_foreign(self):
        with self.server() as server:
            for mode in ("PASSIVE", "FULL", "RESTART", "TRUNCATE"):
                self.fill(server, 20, mode)
                with contextlib.closing(sqlite3.connect(self.file)) as other:
                    other.execute(f"PRAGMA wal_checkpoint({mode})")
                self.fill(server, 20, mode)
                self.assertEqual(server.get("/readyz").status, 200)
            with contextlib.closing(sqlite3.connect(self.file)) as other:
                other.execute("CREATE INDEX another ON comment (created_at)")
                other.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self.fill(server, 20, "last")
            server.kill()
        self.assertEqual(len(self.served()), 180)



class Restore(Keeping):
    """docs/storage.md, "Backup and restore", from the first line to the last."""

    def test_what_was_backed_up_is_what_is_served(self):
        for count in (SMALL, LARGE, size(0, 2000)):
            for ending in ("stopped", "killed")[count == LARGE and not LONG:]:
                with self.subTest(comments=count, ending=ending):
                    self.clear()
                    self.walk(count, ending)

    def walk(self, count, ending):
        with self.server() as server:
            self.fill(server, count, "kept")
            said = self.done("backup", "backup.db")
            self.assertEqual(said, f"backup: backup.db, {self.backup.stat().st_size} bytes\n")
            self.assertEqual(stat.S_IMODE(self.backup.stat().st_mode), 0o600)
            self.fill(server, count, "later")
            self.assertIn("another process is using it",
                          self.done("restore", "backup.db", code=1))
            if ending == "killed":
                server.kill()
        said = self.done("restore", "backup.db").splitlines()
        self.assertEqual(said[0], f"restored: {self.file}, {count} comments")
        kept = Path(said[1].removeprefix("kept: ").removesuffix(", the database before"))
        self.assertRegex(kept.name, r"\Acomments\.db\.before-\d{8}T\d{6}Z\Z")
        self.assertFalse((self.folder / "comments.db-wal").exists())
        self.assertEqual(self.served(), [f"kept{n}" for n in range(count)])
        self.done("restore", str(kept))  # and back
        self.assertEqual(self.served(), [f"{time}{n}" for time in ("kept", "later")
                                         for n in range(count)])
        for path in self.folder.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)

    def test_a_backup_is_whole_while_others_write(self):
        with self.server() as server:
            for number in range(8):
                self.fill(server, 10, f"{number}-")
                self.done("backup", f"{number}.db")
        for number in range(8):
            with contextlib.closing(sqlite3.connect(self.folder / f"{number}.db")) as rows:
                self.assertEqual(rows.execute("SELECT count(*) FROM comment").fetchone(),
                                 (10 * number + 10,))
                self.assertEqual(rows.execute("PRAGMA journal_mode").fetchone(), ("delete",))

    def test_a_killed_servers_file_can_be_backed_up_before_it_starts_again(self):
        with self.server() as server:
            self.fill(server, SMALL)
            server.kill()
        self.done("backup", "backup.db")
        self.clear_but("backup.db")
        self.done("restore", "backup.db")
        self.assertEqual(self.served(), [str(n) for n in range(SMALL)])

    def clear_but(self, name):
        for path in self.folder.iterdir():
            if path.name != name:
                path.unlink()

    def test_a_restore_that_is_killed_leaves_the_one_or_the_other(self):
        dice = random.Random()
        with self.server() as server:
            self.fill(server, 60, "kept")
            self.done("backup", "backup.db")
            self.fill(server, 20, "later")
        old = [f"kept{n}" for n in range(60)] + [f"later{n}" for n in range(20)]
        whole = [old, old[:60]]
        killed = 0
        for turn in range(size(6, 100)):
            doing = subprocess.Popen([binary(), "restore", "backup.db"], cwd=self.folder,
                                     env=environment(), stdout=subprocess.PIPE, text=True)
            with contextlib.suppress(subprocess.TimeoutExpired):
                doing.wait(turn and dice.uniform(0.001, 0.06))  # the first is killed for certain
            doing.kill()
            said = doing.communicate()[0]
            killed += doing.returncode != 0
            now = self.served()
            self.assertIn(now, whole)
            if said.endswith("before\n"):
                self.assertEqual(now, whole[1])
            for path in self.folder.glob("comments.db.before-*"):
                if not path.name.endswith("-wal"):
                    shutil.move(path, self.file)  # the one before, for the next time
                    break
        self.assertGreater(killed, 0)

    def test_a_restore_makes_a_new_epoch_and_a_start_makes_none(self):
        """Versions are made again after a restore: nothing of before is taken for what is there."""
        listed = f"{POST}?content_id=1&limit=1"
        with self.server() as server:
            self.post(server, "kept", "kept as well")
            self.done("backup", "backup.db")
            lost = server.post(POST, {"content_id": "1", "body": "lost"})
            known = server.get(listed)
        with self.server() as server:  # only started again
            same = server.get(listed, {"If-None-Match": known.headers["ETag"]})
            self.assertEqual(same.status, 304)
        self.done("restore", "backup.db")
        with self.server() as server:
            made = server.post(POST, {"content_id": "1", "body": "made instead"})
            self.assertEqual(made.json["version"], lost.json["version"])
            again = server.get(listed, {"If-None-Match": known.headers["ETag"]})
            self.assertEqual(again.status, 200)
            old, new = (page.json["content"] for page in (known, again))
            self.assertEqual((old["version"], old["comments"]), (new["version"], new["comments"]))
            self.assertNotEqual(old["epoch"], new["epoch"])
            outdated = server.get(f"{listed}&cursor={known.json['next']}")
            self.assertEqual((outdated.status, outdated.pointers), (400, ["cursor"]))
            token = {"Authorization": f"Bearer {made.json['edit_token']}"}
            for tag, status in ((lost.headers["ETag"], 412), (made.headers["ETag"], 200)):
                changed = server.request("PATCH", f"{POST}/{made.json['id']}", {"body": "changed"},
                                         token | {"If-Match": tag})
                self.assertEqual(changed.status, status)
        epoch = new["epoch"]
        for _ in range(3):
            with self.server() as server:
                self.assertEqual(server.get(listed).json["content"]["epoch"], epoch)
            epoch = self.renewed()

    def renewed(self):
        """The epoch that the operator who put a file back by hand asks for."""
        with self.server() as server:
            self.assertIn("another process is using it",
                          self.done("migrate", "--new-epoch", code=2))
            server.kill()
        said = run("migrate", "--new-epoch", folder=self.folder)
        self.assertEqual(said.returncode, 0, said.stderr)
        return re.search('"epoch": ?"([0-9a-f]{16})"', said.stderr + said.stdout)[1]

    def test_stores_without_a_file_say_so(self):
        for action in ("backup", "restore"):
            self.assertIn("keeps nothing", self.done(
                action, "x.db", "--store", "memory:", code=2))
            why = self.done(action, "x.db", "--store", "postgresql://u:secret@db.example.com/x",
                            code=2)
            self.assertIn("pg_dump and pg_restore", why)
            self.assertNotIn("secret", why)
            self.done(action, code=2)
            self.done(action, "x.db", "y.db", code=2)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_what_cannot_be_done_is_one_line_and_changes_nothing(self):
        with self.server() as server:
            self.post(server, "kept")
        self.done("backup", "backup.db")
        (self.folder / "text").write_text("a letter to a friend\n" * 100)
        shutil.copyfile(self.backup, self.folder / "cut")
        os.truncate(self.folder / "cut", 20_000)
        before = self.files()
        for reason, *options in [
                ("already", "backup", "backup.db"),
                ("cannot be made", "backup", "missing/x.db"),
                ("no database", "backup", "x.db", "--store", "sqlite:missing.db"),
                ("no SQLite", "backup", "x.db", "--store", "sqlite:text"),
                ("no such backup", "restore", "missing.db"),
                ("no SQLite", "restore", "text"), ("damaged", "restore", "cut"),
                ("no file", "restore", "."), ("itself", "restore", "comments.db")]:
            with self.subTest(options):
                code = 2 if reason in ("no database", "no such backup") else 1
                self.assertIn(reason, self.done(*options, code=code))
                self.assertTrue(self.files() == before)


class Place(Keeping):
    """Files that go away under a running server."""

    def assert_noticed(self, server, name):
        until(lambda: server.get("/readyz").status == 503, "a server that has noticed")
        told = [e for e in server.told("store_failed") if name in e["reason"]]
        self.assertEqual([e["level"] for e in told], ["error"])
        refused = server.post(POST, {"content_id": "1", "body": "lost"})
        self.assertEqual((refused.status, refused.json["code"]), (503, "unavailable"))
        self.assertNotIn("in_doubt", refused.json)
        self.assertIn("\ncomments_store_writable 0\n", server.get("/metrics").body.decode())

    def test_a_file_that_is_gone_is_noticed_before_the_next_comment(self):
        with self.server() as server:
            self.post(server, "kept")
            self.file.unlink()
            refused = server.post(POST, {"content_id": "1", "body": "lost"})
            self.assertEqual(refused.status, 503)
            self.assert_noticed(server, "comments.db is gone")
            self.assertEqual(self.bodies(server), ["kept"])  # for as long as it runs
        self.assertGreater((self.folder / "comments.db-wal").stat().st_size, 0)

    def test_nobody_has_to_write_for_a_missing_file_to_be_noticed(self):
        for end in ("", "-wal", "-lock"):
            with self.subTest(end):
                self.clear()
                with self.server() as server:
                    self.post(server, "kept")
                    (self.folder / f"comments.db{end}").unlink()
                    until(lambda: "store_failed" in server.log, "a line in the log")
                    self.assert_noticed(server, f"comments.db{end} is gone")
                if end:
                    self.assertEqual(self.served(), ["kept"])  # the log had been moved

    def test_a_folder_that_comes_back_is_served_again(self):
        data = self.folder / "data"
        data.mkdir()
        with Server("--store", "sqlite:data/comments.db", *NOW, folder=self.folder) as server:
            self.post(server, "kept")
            data.rename(self.folder / "away")
            self.assert_noticed(server, "comments.db is gone")
            (self.folder / "away").rename(data)
            until(lambda: server.get("/readyz").status == 200, "a server that is back")
            self.post(server, "more")
            self.assertEqual(self.bodies(server), ["kept", "more"])

    def test_a_file_that_is_replaced_gets_nothing_of_the_old_one(self):
        with self.server() as server:
            self.post(server, "kept")
            self.done("backup", "backup.db")
        for replace in (lambda: shutil.copyfile(self.backup, self.file),
                        lambda: os.replace(shutil.copyfile(self.backup, self.folder / "new.db"),
                                           self.file)):
            self.clear_log()
            with self.server() as server:
                self.post(server, "later")
                replace()
                self.assert_noticed(server, "comments.db ")
            self.assertTrue(self.file.read_bytes() == self.backup.read_bytes())
            self.assertIn("belongs to another file",
                          self.done("--listen", "127.0.0.1:0", code=2))
            self.done("restore", "backup.db")
            self.assertEqual(self.served(), ["kept"])

    def clear_log(self):
        for end in ("-wal", "-shm"):
            (self.folder / f"comments.db{end}").unlink(missing_ok=True)

    def test_a_file_that_is_cut_is_noticed(self):
        for length in (0, 8192):
            self.clear()
            with self.server() as server:
                self.post(server, "kept")
                os.truncate(self.file, length)
                until(lambda: server.get("/readyz").status == 503, "a server that has noticed")
                self.assertEqual(server.post(POST, {"content_id": "1", "body": "x"}).status, 503)
            self.assertEqual(self.file.stat().st_size, length)


class Rights(Keeping):
    """What is in the files is their owner's."""

    def test_every_file_is_its_owners_alone_from_the_start_whatever_the_umask(self):
        for mask in (0o000, 0o022, 0o777):
            self.clear()
            before = os.umask(mask)
            try:
                with self.server() as server:
                    self.post(server, "kept")
                    self.done("backup", "backup.db")
                    made = {path.name: stat.S_IMODE(path.stat().st_mode)
                            for path in self.folder.iterdir()}
                self.done("restore", "backup.db")
                self.done("copy", "--from", "sqlite:comments.db", "--to", "sqlite:copy.db")
            finally:
                os.umask(before)
            made |= {path.name: stat.S_IMODE(path.stat().st_mode)
                     for path in self.folder.iterdir()}
            self.assertLessEqual({"comments.db", "comments.db-wal", "comments.db-shm", "copy.db",
                                  "comments.db-lock", "backup.db"}, made.keys())
            self.assertEqual(set(made.values()), {0o600}, made)
            self.assertNotIn("store_rights", server.log)

    def test_an_older_file_that_others_may_read_is_told_about_once_and_left(self):
        with self.server() as server:
            self.post(server, "kept")
        self.file.chmod(0o644)
        with self.server() as server:
            self.post(server, "more")
        told = [e for e in server.events if e["event"] == "store_rights"]
        self.assertEqual([(e["level"], e["file"]) for e in told],
                         [("warn", str(self.file.resolve()))])
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o644)


if __name__ == "__main__":
    main()
