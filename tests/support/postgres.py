#!/usr/bin/env python3
"""postgres - a PostgreSQL of one's own, in a folder that goes with it.

    python3 tests/support/postgres.py -- PROGRAM ARGUMENT…

runs the program with a fresh database, which COMMENTS_TEST_POSTGRES names for libpq. That one lives
for speed: it syncs nothing. From Python, with everything that may happen to a database:

    with temporary_folder() as folder, Postgres(folder / "primary") as primary:
        primary.sql("CREATE TABLE …")
        with primary.standby(folder / "standby") as standby:  # no commit without it from here on
            primary.kill()
            standby.promote()

When root runs this, the user `postgres` owns all of it, for PostgreSQL refuses to run as root.
"""
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from waiting import PATIENCE, until

UNSYNCED = {"fsync": "off", "full_page_writes": "off"}  # for what need not survive a power cut
OWNER = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.startswith(("PG", "COMMENTS_"))} | {"LC_ALL": "C.UTF-8"}


def programs():
    """The folder of the newest PostgreSQL that is installed."""
    found = list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        sys.exit("postgres: PostgreSQL is not installed (Debian: postgresql-15)")
    return max(found, key=lambda path: int(path.parts[-3])).parent


@contextlib.contextmanager
def temporary_folder():
    """In /tmp whatever TMPDIR says: a socket's path is short, and its owner must get there."""
    folder = Path(tempfile.mkdtemp(prefix="comments-", dir="/tmp"))
    try:
        if OWNER:
            shutil.chown(folder, OWNER["user"], OWNER["group"])
        yield folder
    finally:
        shutil.rmtree(folder)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def run(name, *arguments, text=None):
    """What one of PostgreSQL's programs says."""
    done = subprocess.run([programs() / name, *map(str, arguments)], input=text, text=True,
                          capture_output=True, cwd="/", env=ENVIRONMENT, timeout=PATIENCE, **OWNER)
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr}")
    return done.stdout


class Postgres:
    """A database server in `folder`, on a socket there and on a port of 127.0.0.1.

    Further arguments are its settings. What is in the folder already is served as it is.
    """

    def __init__(self, folder, **settings):
        self.folder, self.data, self.port = Path(folder), Path(folder) / "data", free_port()
        self.settings = {"max_connections": 100, "shared_buffers": "32MB",
                         "listen_addresses": "127.0.0.1"} | settings
        self.process = None

    def __enter__(self):
        if not self.data.exists():
            self.make()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def make(self):
        run("initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust",
            "--no-sync", "--locale", "C.UTF-8", "--encoding", "UTF8")

    # --- its life ---

    def start(self):
        """Returns when it takes connections; as standby, when it can be read."""
        settings = self.settings | {"port": self.port, "unix_socket_directories": self.folder,
                                    "cluster_name": self.folder.name}
        command = [programs() / "postgres", "-D", self.data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env=ENVIRONMENT, start_new_session=True, **OWNER)  # a Ctrl-C is not for it
        try:
            self.wait_for("it to start", self.is_up)
        except BaseException:
            self.kill()
            raise

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"PostgreSQL left:\n{self.log[-2_000:]}")
        with contextlib.suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().split()
            return lines[:1] == [str(self.process.pid)] and lines[-1] in ("ready", "standby")
        return False

    def stop(self, how=signal.SIGINT):
        """Ends it: SIGINT cuts the connections, SIGTERM waits for them to end."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """Ends all of it at one moment, as a power cut would."""
        if self.process.poll() is None:
            for process in self.freeze():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.process.wait()

    def freeze(self):
        """Stops all its processes where they are, and answers which: nothing goes on, nothing ends,
        no connection is closed."""
        self.process.send_signal(signal.SIGSTOP)  # now it starts no further ones
        processes = [self.process.pid, *children(self.process.pid)]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        return processes

    def thaw(self):
        for process in [*children(self.process.pid), self.process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    # --- two of them ---

    def standby(self, folder, **settings):
        """A second server that has every commit before it is acknowledged. Not yet started."""
        run("pg_basebackup", "--pgdata", Path(folder) / "data", "--dbname", self.conninfo,
            "--write-recovery-conf", "--checkpoint", "fast", "--no-sync")
        return Standby(self, folder, **self.settings | settings)

    def require(self, name):
        """Commits wait for the standby of this name, or for none if it is empty."""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        self.sql("SELECT pg_reload_conf()")

    # --- asking it ---

    @property
    def conninfo(self):
        return f"host={self.folder} port={self.port} user=postgres dbname=postgres"

    @property
    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def psql(self, database):
        """The arguments with which it talks to a database of this server."""
        return ["--dbname", f"{self.conninfo} dbname={database}", "--no-psqlrc", "--quiet",
                "--no-align", "--tuples-only", "--field-separator", "\t",
                "--set", "ON_ERROR_STOP=1"]

    def sql(self, text, database="postgres"):
        """Runs statements; what they answer, a line for a row, tabs between columns."""
        return run("psql", *self.psql(database), text=text).rstrip("\n")

    def dump(self, database):
        """A database as a program would write it anew."""
        return run("pg_dump", f"{self.conninfo} dbname={database}")

    def cut_connections(self):
        """Ends all connections but the one that says so; how many there were."""
        return int(self.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"))

    @contextlib.contextmanager
    def transaction(self, text, database="postgres"):
        """Has run the statements, and keeps their locks, until the end of the block."""
        session = subprocess.Popen(
            [programs() / "psql", *self.psql(database)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, cwd="/", env=ENVIRONMENT, **OWNER)
        with session:
            session.stdin.write(f"BEGIN;\n{text};\n\\echo has them\n")
            session.stdin.flush()
            if not any(line == "has them\n" for line in session.stdout):
                raise RuntimeError(f"psql: {text} failed")
            try:
                yield
            finally:
                session.stdin.close()  # which rolls back

    def wait_for(self, what, is_so):
        try:
            until(is_so, what)
        except AssertionError as failure:
            raise RuntimeError(f"{failure}:\n{self.log[-2_000:]}") from None


class Standby(Postgres):
    """Follows its primary until it is promoted."""

    def __init__(self, primary, folder, **settings):
        super().__init__(folder, **settings)
        self.primary = primary

    def __enter__(self):
        super().__enter__()
        name = self.folder.name
        self.primary.require(name)
        state = f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}'"
        self.wait_for("it to follow", lambda: self.primary.sql(state) == "sync")
        return self

    def promote(self):
        """Returns when it takes writes."""
        self.sql("SELECT pg_promote(true)")


def children(parent):
    """The processes that `parent` started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parts[-2]))
    return found


# --- around a program -----------------------------------------------------------------------------


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): who loses its parent becomes a child of ours


def leave(number, _):
    """Lets every `with` and `finally` do its work; a second signal changes nothing."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


@contextlib.contextmanager
def no_child_left():
    """Ends whoever is left: a child that ran already when a signal came and that no variable names
    yet, and the children of one that was killed, which would go on to write into the folder."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("postgres: orphans cannot be adopted here")  # Linux can since 3.4
    try:
        yield
    finally:
        while left := children(os.getpid()):
            for process in left:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)


def end(process):
    process.terminate()
    try:
        process.wait(PATIENCE / 10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_with_database(command):
    """Runs the command to its end; its exit code, as a shell would name it."""
    for each in ENDING:
        signal.signal(each, leave)
    with (temporary_folder() as folder, no_child_left(),
          Postgres(folder, listen_addresses="", **UNSYNCED) as database):
        process = subprocess.Popen(
            command, env=os.environ | {"COMMENTS_TEST_POSTGRES": database.conninfo})
        try:
            code = process.wait()
        finally:
            end(process)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "--":
        sys.exit("usage: postgres.py -- PROGRAM ARGUMENT…")
    sys.exit(run_with_database(sys.argv[2:]))
