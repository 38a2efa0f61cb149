"""copying - `comments-server copy` to PostgreSQL beside psql's \\copy of the same rows.

Both fill the same tables with the same indexes. Ours also reads its source meanwhile, and in the
end both sides once more, to compare them; that is a figure of its own.
"""
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from postgres import Postgres, run, temporary_folder

COMMENTS = 150_000
TABLES = ("content", "comment", "event", "vote", "complaint", "deployment")
SECTION = f"A copy of {COMMENTS:,} comments from SQLite to PostgreSQL"


def copy(server, source, store):
    """Seconds until all rows are there, and until both sides are compared."""
    begun, moved, lines = time.monotonic(), None, []
    with subprocess.Popen([server, "copy", "--from", f"sqlite:{source}", "--to", store],
                          stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            lines.append(line)
            if moved is None and "checksum" in line:
                moved = time.monotonic() - begun
    if process.returncode != 0 or f"comment: {COMMENTS} of {COMMENTS}\n" not in lines:
        raise RuntimeError(f"copy: exit code {process.returncode}, {lines[-1:]}")
    return moved, time.monotonic() - begun


def measure(bench):
    source = bench.seed("copied", 100, COMMENTS - 100)
    rounds = {"moved": [], "compared": [], "psql": []}
    with temporary_folder() as folder, Postgres(folder / "database") as database:
        def move(how, name):
            lines = [f"\\copy {table} {how} '{folder}/{table}'" for table in TABLES]
            run("psql", *database.psql(name), text="\n".join(lines))

        def make(name):
            database.sql(f"CREATE DATABASE {name}")
            store = f"postgresql://postgres@127.0.0.1:{database.port}/{name}"
            subprocess.run([bench.chosen.server, "migrate", "--store", store], check=True,
                           stderr=subprocess.DEVNULL)
            return store

        for turn in range(bench.rounds):
            moved, compared = copy(bench.chosen.server, source, make(f"ours_{turn}"))
            move("to", f"ours_{turn}")
            make(f"theirs_{turn}")
            begun = time.monotonic()
            move("from", f"theirs_{turn}")
            for name, taken in (("moved", moved), ("compared", compared),
                                ("psql", time.monotonic() - begun)):
                rounds[name].append({"value": COMMENTS / taken})
            for name in (f"ours_{turn}", f"theirs_{turn}"):
                database.sql(f"DROP DATABASE {name}")
    theirs = {"name": "psql's \\copy", "rounds": rounds["psql"]}
    bench.add(SECTION, "all rows", "/s", rounds["moved"], theirs, ("ratio", ">=", 0.5))
    bench.add(SECTION, "and both sides compared", "/s", rounds["compared"], theirs)
