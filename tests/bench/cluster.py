"""cluster - the section of servers that share a PostgreSQL: one and three of them, beside pgbench.

pgbench works on the same tables in the same database, on contents of its own: it inserts the same
rows one comment in a transaction, and reads the same page with one statement.
"""
from concurrent.futures import ThreadPoolExecutor

import processes

NODES, CLIENTS, CONTENTS, PAGE = 3, 64, 100, 50
COLUMNS = """content_id, position, id, parent_id, status, author_name, author_email, author_url,
  author_verified, author_subject, body, votes, replies, reports, created_at, version,
  request_fingerprint, encoded, reply_to, depth, listed, origin"""
ROW = """'', 'published', 'Ana', 'ana@example.com', '', 0, '',
  repeat('A sentence or two, and an opinion. ', 2), 0, 0, 0, 1700000000000, {place}, 1,
  repeat('A sentence or two, and an opinion. ', 6), '', 0, 1, repeat('0', 22)"""
EVENT = "1700000000000, '', '', 'published', ''"
FILL = f"""
INSERT INTO content SELECT kind || n, {PAGE}, {PAGE}, ''
  FROM generate_series(0, {CONTENTS - 1}) AS n, (VALUES ('c'), ('p')) AS kinds (kind);
INSERT INTO comment ({COLUMNS}) SELECT content_id, place, gen_random_uuid()::text,
  {ROW.format(place="place")} FROM content, generate_series(1, {PAGE}) AS place;
INSERT INTO event SELECT content_id, position, 'posted', id, {EVENT} FROM comment;
ANALYZE;
"""
INSERT = f"""\\set c random(0, {CONTENTS - 1})
BEGIN;
UPDATE content SET version = version + 1, comments = comments + 1 WHERE content_id = 'p' || :c
  RETURNING version AS place \\gset
INSERT INTO comment ({COLUMNS}) VALUES ('p' || :c, :place, gen_random_uuid()::text,
  {ROW.format(place=":place")}) RETURNING id \\gset
INSERT INTO event VALUES ('p' || :c, :place, 'posted', :id, {EVENT});
COMMIT;
"""
READ = f"""\\set c random(0, {CONTENTS - 1})
SELECT {COLUMNS} FROM comment WHERE content_id = 'c' || :c AND parent_id = '' AND listed = 1
  ORDER BY position LIMIT {PAGE + 1};
"""


def pgbench(postgres, name, script, seconds):
    path = postgres.folder / f"{name}.sql"
    path.write_text(script)
    before = processes.cpu_seconds(postgres.pid)
    said = postgres.run("pgbench", "-h", postgres.folder, "-U", "bench", "-n", "-M", "prepared",
                        "-c", CLIENTS, "-j", 2, "-T", max(2, round(seconds)), "-f", path,
                        "postgres")
    used = processes.cpu_seconds(postgres.pid) - before
    words = said.replace(" (without", "").split()
    count = int(said.split("actually processed: ")[1].split()[0].split("/")[0])
    return {"value": float(words[words.index("tps") + 2]), "cpu_us": used / count * 1e6}


def together(measures):
    """What several servers answer at once; the slowest of their latencies."""
    with ThreadPoolExecutor(len(measures)) as pool:
        rounds = list(pool.map(lambda measure: measure(), measures))
    worst = {key: max(one[key] for one in rounds) for key in ("p50_us", "p99_us", "p999_us")}
    return worst | {"value": sum(one["value"] for one in rounds),
                    "cpu_us": max(one["cpu_us"] for one in rounds),
                    "errors": sum(one["errors"] for one in rounds)}


def measure(bench, read_path):
    postgres = bench.started("PostgreSQL", lambda: processes.Postgres(
        bench.folder, "SELECT 1", name="shared"))
    if not postgres:
        return
    store = f"host={postgres.folder} user=bench dbname=postgres"
    nodes = [bench.stack.enter_context(processes.server(bench.chosen.server, store, bench.folder))
             for _ in range(NODES)]
    postgres.psql(FILL)
    contents = ("--spread", CONTENTS)
    each = {"connections": CLIENTS // NODES}
    rounds = bench.in_turns({
        "post": bench.post(nodes[0], "c{}", *contents),
        "posts": lambda: together([bench.post(one, "c{}", *contents, **each) for one in nodes]),
        "insert": lambda: pgbench(postgres, "insert-rows", INSERT, bench.seconds),
        "list": bench.read(nodes[0], read_path, *contents),
        "lists": lambda: together([bench.read(one, read_path, *contents, **each)
                                   for one in nodes]),
        "read": lambda: pgbench(postgres, "read-page", READ, bench.seconds)})
    section = "Servers that share a PostgreSQL"
    inserted = {"name": "pgbench, 64 clients, the same rows, one comment in a transaction",
                "rounds": rounds["insert"]}
    page = {"name": "pgbench, 64 clients, the same page", "rounds": rounds["read"]}
    bench.add(section, "durable post, one server", "1/s", rounds["post"], inserted,
              ("ratio", ">=", 2))
    bench.add(section, f"durable post, {NODES} servers", "1/s", rounds["posts"], inserted,
              ("ratio", ">=", 2))
    bench.add(section, "list of 50, one server", "1/s", rounds["list"], page, ("ratio", ">=", 5))
    bench.add(section, f"list of 50, {NODES} servers", "1/s", rounds["lists"], page,
              ("ratio", ">=", 5))
