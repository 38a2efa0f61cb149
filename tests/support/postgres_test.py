"""postgres_test - a database for a test leaves nothing behind, however the test ends."""
import contextlib
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from effort import size
from postgres import PATIENCE, UNSYNCED, Postgres, children, temporary_folder
from waiting import until

WRAPPER = [sys.executable, str(Path(__file__).with_name("postgres.py")), "--"]
TORN = """
import os, signal, subprocess, postgres
class Torn(subprocess.Popen):
    def __init__(self, command, **options):
        super().__init__(command, **options)
        if command[0] == "sleep":
            print(self.pid, flush=True)
            os.kill(os.getpid(), signal.SIGTERM)
subprocess.Popen = Torn
postgres.run_with_database(["sleep", "600"])
"""  # the signal comes when the program runs and no variable names it yet
SAY_WHERE = 'echo "$COMMENTS_TEST_POSTGRES"; '


class Wrapper(unittest.TestCase):
    def start(self, script):
        wrapper = self.enterContext(subprocess.Popen(
            [*WRAPPER, "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True))
        self.addCleanup(wrapper.terminate)
        return wrapper

    def told_where(self, wrapper):
        """The folder of its database, as the program says it, and the database's process."""
        folder = Path(wrapper.stdout.readline().split()[0].removeprefix("host="))
        return folder, int((folder / "data/postmaster.pid").read_text().split()[0])

    def assert_gone(self, folder, process):
        self.assertFalse(folder.exists())
        self.assertFalse(Path(f"/proc/{process}").exists())

    def test_the_program_has_a_database_and_its_code_is_told(self):
        wrapper = self.start(SAY_WHERE + 'psql "$COMMENTS_TEST_POSTGRES" -Atc "SELECT 6 * 7" && '
                             "read line < /dev/null; exit 3")
        folder = Path(wrapper.stdout.readline().split()[0].removeprefix("host="))
        self.assertEqual(wrapper.stdout.readline(), "42\n")
        self.assertEqual(wrapper.wait(PATIENCE), 3, wrapper.stderr.read())
        self.assertFalse(folder.exists())

    def test_a_program_that_crashes(self):
        wrapper = self.start(SAY_WHERE + "sleep 0.1; kill -SEGV $$")
        where = self.told_where(wrapper)
        self.assertEqual(wrapper.wait(PATIENCE), 128 + signal.SIGSEGV)
        self.assert_gone(*where)

    def test_signals_end_the_program_and_the_database(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                wrapper = self.start(SAY_WHERE + "echo $$; exec sleep 600")
                where = self.told_where(wrapper)
                program = int(wrapper.stdout.readline())
                wrapper.send_signal(number)
                self.assertEqual(wrapper.wait(PATIENCE), 128 + number)
                self.assert_gone(*where)
                self.assertFalse(Path(f"/proc/{program}").exists())

    def test_a_signal_while_the_database_is_made(self):
        wrapper = self.start("true")
        until(lambda: children(wrapper.pid), "initdb")
        started = children(wrapper.pid)
        wrapper.terminate()
        self.assertEqual(wrapper.wait(PATIENCE), 128 + signal.SIGTERM)
        self.assertEqual(wrapper.stderr.read(), "")
        self.assertFalse(any(map(is_alive, started)))

    def test_a_signal_while_a_child_of_initdb_writes(self):
        for _ in range(size(3, 30)):
            wrapper = self.start("true")
            until(lambda: grandchildren(wrapper.pid), "initdb's own child")
            started = grandchildren(wrapper.pid)
            wrapper.terminate()
            self.assertEqual(wrapper.wait(PATIENCE), 128 + signal.SIGTERM, wrapper.stderr.read())
            self.assertFalse(any(map(is_alive, started)))

    def test_a_signal_while_the_program_starts(self):
        torn = self.enterContext(subprocess.Popen(
            [sys.executable, "-c", TORN], cwd=Path(__file__).parent, text=True,
            stdout=subprocess.PIPE))
        program = torn.stdout.readline().strip()
        self.assertEqual(torn.wait(PATIENCE), 128 + signal.SIGTERM)
        self.assertFalse(Path(f"/proc/{program}").exists())


class Alone(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(temporary_folder())
        cls.database = cls.enterClassContext(Postgres(cls.folder / "primary"))

    def test_what_was_committed_is_there_after_a_kill(self):
        self.database.sql("CREATE TABLE killed AS SELECT generate_series(1, 3) AS n")
        processes = self.database.freeze()
        self.assertGreater(len(processes), 3)
        self.database.kill()
        until(lambda: not any(map(is_alive, processes)), "all to be gone")
        self.database.start()
        self.assertEqual(self.database.sql("SELECT n, n * n FROM killed"), "1\t1\n2\t4\n3\t9")

    def test_a_transaction_keeps_its_locks_until_its_end(self):
        self.database.sql("CREATE TABLE locked AS SELECT 1 AS n")
        skipping = "SELECT count(*) FROM (SELECT n FROM locked FOR UPDATE SKIP LOCKED) AS free"
        with self.database.transaction("UPDATE locked SET n = 2"):
            self.assertEqual(self.database.sql(skipping), "0")
        until(lambda: self.database.sql(skipping) == "1", "the lock's end")
        self.assertEqual(self.database.sql("SELECT n FROM locked"), "1")

    def test_cut_connections(self):
        with contextlib.suppress(BrokenPipeError), self.database.transaction("SELECT 1"):
            self.assertEqual(self.database.cut_connections(), 1)
            self.assertEqual(self.database.cut_connections(), 0)

    def test_a_mistake_is_told(self):
        with self.assertRaisesRegex(RuntimeError, 'relation "nowhere" does not exist'):
            self.database.sql("SELECT 1 FROM nowhere")

    def test_it_does_not_start_on_a_taken_port(self):
        other = Postgres(self.folder / "other", **UNSYNCED)
        other.port = self.database.port
        with self.assertRaisesRegex(RuntimeError, "Address already in use"):
            other.__enter__()


class Two(unittest.TestCase):
    def test_a_commit_waits_for_the_standby_which_takes_over_with_it(self):
        folder = self.enterContext(temporary_folder())
        primary = self.enterContext(Postgres(folder / "primary", **UNSYNCED))
        primary.sql("CREATE TABLE t (n int)")
        standby = self.enterContext(primary.standby(folder / "standby"))
        standby.freeze()
        waiting = subprocess.Popen(["psql", "-qc", "INSERT INTO t VALUES (1)", primary.conninfo])
        until(lambda: primary.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"), "a commit that waits")
        self.assertIsNone(waiting.poll())
        standby.thaw()
        self.assertEqual(waiting.wait(PATIENCE), 0)
        primary.kill()
        standby.promote()
        standby.sql("INSERT INTO t VALUES (2)")  # waits for no standby
        self.assertEqual(standby.sql("SELECT n FROM t ORDER BY n"), "1\n2")


def grandchildren(process):
    return [each for child in children(process) for each in children(child)]


def is_alive(process):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


if __name__ == "__main__":
    unittest.main()
