#!/usr/bin/env python3
"""bench - what `./dev bench` runs: figures of the server, each beside a reference of the same run.

    bench.py --server PATH --tools FOLDER --json FILE [--quick] [--newest PATH] [SECTION]

`attack` measures nothing but what a bystander notices of attackers, `copy` how fast a copy
fills PostgreSQL, and `costs` counts what one request takes, which is the same on each machine.

What is compared is measured in turns, so that whatever else the machine does hits both; each figure
is the median of the turns. CPU is that of the server and its children, whatever asks it.
docs/performance.md says how to read the table.
"""
import argparse
import contextlib
import itertools
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cluster
import copying
import costs
import processes
import report

LIST, POST = "/api/v1/comments?content_id=", "/api/v1/comments"
BODY = json.dumps({"content_id": "{}", "body": "A sentence or two, and an opinion. " * 2,
                   "author": {"name": "Ana", "email": "ana@example.com"}})
RECORD = 300  # bytes of such a comment's row, for the raw log
IDLE = 10_000
CROWD = 40_000  # clients of a round, each with one post; more than there is time for
INSERT = f"""\\set c random(0, 99)
INSERT INTO comment ({cluster.COLUMNS}) VALUES ('c' || :c, nextval('place'),
  gen_random_uuid()::text, {cluster.ROW.format(place="1")});
"""
CONTENTS = """CREATE SEQUENCE place; INSERT INTO content
  SELECT 'c' || n, 1, 1, '' FROM generate_series(0, 99) AS n"""
LACKING = (OSError, RuntimeError, ValueError, KeyError, subprocess.SubprocessError)


def say(what):
    print(f"bench: {what}", file=sys.stderr, flush=True)


class Bench:
    def __init__(self, chosen, folder):
        self.chosen, self.folder = chosen, Path(folder)
        self.rounds, self.seconds = (3, 0.6) if chosen.quick else (3, 1.5)
        self.sizes = [1_000, 100_000] if chosen.quick else [1_000, 100_000, 1_000_000]
        self.sections, self.stack = {}, contextlib.ExitStack()
        self.machine = machine()

    # --- what there is to measure ---

    def tool(self, name):
        return str(self.chosen.tools / name)

    def optional(self, what, make):
        """`make()`, or None where that fails: its figures stay empty, the rest is measured."""
        try:
            return make()
        except LACKING as why:
            say(f"{what} cannot be measured: {why}")
            return None

    def started(self, what, make):
        return self.optional(what, lambda: self.stack.enter_context(make()))

    def seed(self, name, ones, many):
        path = self.folder / f"{name}.db"
        subprocess.run([self.tool("seed"), path, str(ones), str(many)], check=True)
        os.sync()  # else the kernel writes it out while we measure
        return path

    def serve(self, database, *more, binary=None, log_level="warn", guard="off"):
        return processes.server(binary or self.chosen.server, f"sqlite:{database}", self.folder,
                                log_level, *more, guard=guard)

    def load(self, target, *options, seconds=None, connections=64):
        """Runs the load generator: its report, with the CPU that `target` took for each answer."""
        command = [self.tool("load"), "--port", target.port, "--connections", connections,
                   "--seconds", seconds or self.seconds, "--warm-up", 0.3, *options]
        before = processes.cpu_seconds(target.pid)
        done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE)
        used = processes.cpu_seconds(target.pid) - before
        counted = json.loads(done.stdout)
        if counted["errors"]:
            say(f"{counted['errors']} errors: {' '.join(map(str, command[3:]))}")
        kind = counted["get"] if counted["get"]["count"] else counted["post"]
        return {"value": counted["rate"], "cpu_us": used / max(counted["answered"], 1) * 1e6,
                "p50_us": kind["p50_us"], "p99_us": kind["p99_us"], "p999_us": kind["p999_us"],
                "errors": counted["errors"]}

    def read(self, target, path, *options, **more):
        return lambda: self.load(target, "--get", path, *options, **more)

    def post(self, target, content_id, *options, path=POST, status=201, **more):
        body = BODY.replace("{}", content_id)
        return lambda: self.load(target, "--post", path, "--body", body, "--post-percent", 100,
                                 "--expect-post", status, *options, **more)

    def in_turns(self, measures):
        """{name: the rounds of measures[name]}; no rounds where the measure is None or fails."""
        rounds = {name: [] for name in measures}
        for _ in range(self.rounds):
            for name, measure in measures.items():
                one = measure and self.optional(name, measure)
                rounds[name] += [one] if one else []
        return rounds

    def add(self, section, *figures, **named):
        self.sections.setdefault(section, []).append(report.figure(*figures, **named))

    # --- the sections ---

    def run(self):
        with self.stack:
            say("filling databases")
            self.databases = {size: self.seed(f"grown-{size}", size, size) for size in self.sizes}
            self.small = self.stack.enter_context(self.serve(self.databases[1_000]))
            self.measure_reads()
            self.measure_writes()
            say("servers that share a PostgreSQL")
            self.optional("a shared PostgreSQL", lambda: cluster.measure(self, LIST + "c{}"))
            self.optional("a copy", lambda: copying.measure(self))
            self.measure_idle()
            self.measure_attack()
            self.measure_growth()
        self.measure_costs()
        self.measure_footprint()
        self.optional("the parts", self.measure_parts)
        return {"machine": self.machine, "rounds": self.rounds, "sections": self.sections}

    def run_one(self, section):
        {"attack": self.measure_attack, "copy": lambda: copying.measure(self),
         "costs": self.measure_costs}[section]()
        return {"machine": self.machine, "rounds": self.rounds, "sections": self.sections}

    def measure_attack(self):
        """What somebody else notices while 64 clients ask for the dearest there is."""
        say("attack")
        granted = 128 << 20
        with processes.server(self.chosen.server, f"sqlite:{self.folder / 'attacked.db'}",
                              self.folder, "warn", "--memory-bytes",
                              str(granted // 8 * 3)) as target:
            text = {"content_id": "big", "body": "a@example.com " * 1_170}
            for sent in [text] * 200 + [{"content_id": "small", "body": "Oi"}]:
                target.request("POST", POST, sent)
            asked = {"/healthz": 50, LIST + "small": 100}
            quiet = {path: self.bystander(target, path) for path in asked}
            seconds = 4 * len(asked) * self.rounds * self.seconds
            attackers = subprocess.Popen([sys.executable, Path(__file__).with_name("attack.py"),
                                          str(target.port), str(seconds)])
            try:
                time.sleep(0.5)
                attacked = {path: [self.bystander(target, path) for _ in range(self.rounds)]
                            for path in asked}
            finally:
                attackers.terminate()
                attackers.wait()
            for path, limit in asked.items():
                self.add("A bystander's p99 beside 64 attackers from 8 addresses", path, "ms",
                         attacked[path], {"name": "alone", "rounds": [quiet[path]]},
                         ("value", "<=", limit))
            self.add("A bystander's p99 beside 64 attackers from 8 addresses",
                     "the most that was resident, with 128 MB granted", "MB",
                     [{"value": processes.peak_bytes(target.pid) / 1e6}], aim=("value", "<=", 110))

    def bystander(self, target, path):
        one = self.load(target, "--get", path, "--rate", 100, connections=1)
        return {"value": one["p99_us"] / 1e3}

    def measure_reads(self):
        say("reads")
        asked = LIST + "c0"
        _, headers, body = self.small.request("GET", asked)
        site = self.folder / "site"
        site.mkdir()
        (site / "list").write_bytes(body)
        self.nginx = self.started("nginx", lambda: processes.nginx(site))
        logging = self.stack.enter_context(
            self.serve(self.seed("logging", 50, 50), log_level="info"))
        newest = self.chosen.newest and self.stack.enter_context(
            self.serve(self.seed("newest", 50, 50), binary=self.chosen.newest))
        port = processes.free_port()
        raw = self.started("raw epoll", lambda: processes.Process(
            [self.tool("raw_epoll"), port, os.cpu_count(), site / "list"], self.folder, port))
        known = self.nginx and self.nginx.request("GET", "/list")[1]["ETag"]
        not_modified = ("--expect", 304, "--header")
        rounds = self.in_turns({
            "list": self.read(self.small, asked),
            "nginx": self.nginx and self.read(self.nginx, "/list"),
            "raw": raw and self.read(raw, "/list"),
            "newest": newest and self.read(newest, asked),
            "logging": self.read(logging, asked),
            "304": self.read(self.small, asked, *not_modified, f"If-None-Match: {headers['ETag']}"),
            "nginx 304": self.nginx and self.read(self.nginx, "/list", *not_modified,
                                                  f"If-None-Match: {known}")})
        static = {"name": "nginx, the same bytes as a file", "rounds": rounds["nginx"]}
        self.add("Reads", f"list of 50 ({len(body):,} bytes)", "1/s", rounds["list"], static,
                 ("ratio", ">=", 1))
        if newest:
            self.add("Reads", "the same, newest cpp-httplib", "1/s", rounds["newest"], static,
                     ("ratio", ">=", 1.0))
        self.add("Reads", "the same, against the limit", "1/s", rounds["list"],
                 {"name": "raw epoll", "rounds": rounds["raw"]}, ("cpu ratio", "<=", 1.5))
        self.add("Reads", "the same, each request logged", "1/s", rounds["logging"],
                 {"name": "not logged", "rounds": rounds["list"]})
        self.add("Reads", "304", "1/s", rounds["304"],
                 {"name": "nginx, 304", "rounds": rounds["nginx 304"]}, ("ratio", ">=", 1.1))
        self.measure_latency("list of 50", rounds["list"],
                             lambda rate: self.read(self.small, asked, "--rate", rate),
                             lambda rate: self.nginx and self.read(self.nginx, "/list", "--rate",
                                                                   rate))

    def measure_latency(self, name, rounds, ours, reference=None):
        """At half of what `rounds` found to be the most; of nginx at the same rate."""
        half = int((report.median([one["value"] for one in rounds]) or 0) / 2)
        if half == 0:
            return
        measures = {"ours": ours(half)} | ({"nginx": reference(half)} if reference else {})
        rounds = self.in_turns(measures)
        self.add("Latency at half of the maximum, open loop", name, "1/s", rounds["ours"],
                 reference and {"name": "nginx", "rounds": rounds["nginx"]})

    def measure_writes(self):
        say("writes")
        target = self.stack.enter_context(self.serve(self.seed("written", 1_000, 5_000)))
        contents = ("--spread", 100)
        postgres = self.started("PostgreSQL", lambda: processes.Postgres(self.folder, "SELECT 1"))
        if postgres:
            store = f"host={postgres.folder} user=bench dbname=postgres"
            subprocess.run([self.chosen.server, "migrate", "--store", store], check=True,
                           stderr=subprocess.DEVNULL)
            postgres.psql(CONTENTS)
        rounds = self.in_turns({
            "post": self.post(target, "c{}", *contents),
            "raw log": self.append_to_log,
            "pgbench": postgres and (lambda: cluster.pgbench(postgres, "insert", INSERT,
                                                              self.seconds)),
            "nginx": self.nginx and self.post(self.nginx, "c0", path="/empty", status=200)})
        self.add("Writes", "durable post, 64 clients", "1/s", rounds["post"],
                 {"name": "raw log, 64 threads, shared fdatasync", "rounds": rounds["raw log"]},
                 ("ratio", ">=", 0.25))
        self.add("Writes", "the same, against PostgreSQL", "1/s", rounds["post"],
                 {"name": "pgbench, 64 clients, one insert each", "rounds": rounds["pgbench"]},
                 ("ratio", ">=", 2))
        self.add("Writes", "the same, against HTTP alone", "1/s", rounds["post"],
                 {"name": "nginx, empty post, nothing stored", "rounds": rounds["nginx"]})
        self.measure_latency("durable post", rounds["post"], lambda rate: self.post(
            target, "c{}", *contents, "--rate", rate))
        self.measure_mixed(target)
        self.measure_guard()

    def measure_guard(self):
        """Each post is of another client and says something else, as the guard wants it."""
        say("the guard")
        measures = {}
        for guard in ("standard", "off"):
            target = self.stack.enter_context(
                self.serve(self.seed(f"guard-{guard}", 1_000, 5_000),
                           "--trusted-proxies", "127.0.0.1", guard=guard))
            measures[guard] = self.post_as_crowd(target)
        rounds = self.in_turns(measures)
        self.add("Writes", "durable post of a crowd, guarded", "1/s", rounds["standard"],
                 {"name": "the same with --guard off", "rounds": rounds["off"]},
                 ("cpu ratio", "<=", 1.3))

    def post_as_crowd(self, target):
        numbers = itertools.count(0, CROWD)
        body = BODY.replace('"{}"', '"c{content}"').replace("an opinion. ", "an opinion {}. ")
        return lambda: self.load(
            target, "--post", POST, "--body", body, "--post-percent", 100, "--expect-post", 201,
            "--once", "--spread", CROWD, "--first", next(numbers),
            "--header", "X-Forwarded-For: {address}")

    def append_to_log(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([self.tool("raw_log"), self.folder / "raw.log", "64", str(RECORD),
                               str(self.seconds)], check=True, stdout=subprocess.PIPE)
        (self.folder / "raw.log").unlink()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        counted = json.loads(done.stdout)
        return {"value": counted["rate"], "cpu_us": used / counted["answered"] * 1e6,
                "p50_us": counted["post"]["p50_us"], "p99_us": counted["post"]["p99_us"]}

    def measure_mixed(self, target):
        say("mixed load")
        many = {"connections": 128, "seconds": 2 * self.seconds}
        reads = ("--get", LIST + "c{}", "--spread", 100)
        posts = ("--post", POST, "--body", BODY.replace("{}", "c{}"), "--expect-post", 201)
        rounds = self.in_turns({
            "alone": lambda: self.load(target, *reads, **many),
            "mixed": lambda: self.load(target, *reads, *posts, "--post-percent", 5, **many)})
        for one in rounds["mixed"]:  # of all that is answered, 95 % are reads
            one["value"] *= 0.95
        self.add("Mixed load", "reads beside 5 % posts, 128 connections", "1/s", rounds["mixed"],
                 {"name": "reads alone", "rounds": rounds["alone"]}, ("ratio", ">=", 0.7))
        self.add("Mixed load", "p99 of those reads", "ms",
                 [{"value": one["p99_us"] / 1e3} for one in rounds["mixed"]],
                 aim=("value", "<=", 10))

    def measure_idle(self):
        say("idle connections")
        section = "10,000 idle connections"
        if raise_file_limit() < IDLE + 1_000:
            self.add(section, "not measurable: too few file descriptors", "", [])
            return
        with self.serve(self.seed("idle", 50, 50)) as target:
            target.request("GET", LIST + "c0")
            memory = processes.memory_bytes(target.pid)
            with subprocess.Popen([self.tool("load"), "--port", str(target.port), "--get",
                                   LIST + "c0", "--park", str(IDLE)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True) as parking:
                parked = json.loads(parking.stdout.readline())["parked"]
                grown = processes.memory_bytes(target.pid) - memory
                before = processes.cpu_seconds(target.pid)
                time.sleep(3)
                busy = (processes.cpu_seconds(target.pid) - before) / 3
                # Ten newcomers at most wait at once; one who is not answered is an error.
                newcomers = [self.load(target, "--get", LIST + "c0", "--fresh", "--rate", 200,
                                       connections=10, seconds=1) for _ in range(self.rounds)]
                still_open = json.loads(parking.communicate()[0])["open"]
        self.add(section, "opened, each answered once", "", [{"value": parked}],
                 aim=("value", ">=", IDLE))
        self.add(section, "still open at the end", "", [{"value": still_open}])
        # Of fewer connections than that, the rest would tell nothing.
        is_idle = still_open == IDLE and not any(one["errors"] for one in newcomers)
        for name, unit, values, limit in (
                ("memory they add", "MB", [grown / 1e6], 30),
                ("CPU while nothing happens", "% of a core", [100 * busy], 1),
                ("a newcomer's p99", "ms", [one["p99_us"] / 1e3 for one in newcomers], 10)):
            self.add(section, name, unit, [{"value": value} for value in values if is_idle],
                     aim=("value", "<=", limit))

    def measure_growth(self):
        say("growth")
        servers = {size: self.small if size == 1_000 else self.stack.enter_context(self.serve(path))
                   for size, path in self.databases.items()}
        measures = [
            ("list, a content of 50", lambda on: self.read(on, LIST + "c0")),
            ("list, the one content", lambda on: self.read(on, LIST + "one")),
            ("post, the one content", lambda on: self.post(on, "one")),
            ("post, contents of 50", lambda on: self.post(
                on, "c1{}", "--spread", 10))]
        for name, measure in measures:
            rounds = self.in_turns({size: measure(on) for size, on in servers.items()})
            for size in self.sizes:
                is_aim = name.startswith("list") and size == 1_000_000
                self.add("Growth: the one content holds so many, all others together as many again",
                         f"{name}, {size:,}", "1/s", rounds[size],
                         {"name": "at 1,000", "rounds": rounds[1_000]} if size > 1_000 else None,
                         ("cpu ratio", "<=", 1.1) if is_aim else None)
        for size, on in servers.items():
            self.add("Growth: the one content holds so many, all others together as many again",
                     f"memory after that, {size:,}", "MB",
                     [{"value": processes.memory_bytes(on.pid) / 1e6}])

    def measure_costs(self):
        """Counted, so each machine says the same, busy or not."""
        database = self.seed("counted", 50, 50)
        with self.serve(database) as target:
            _, headers, body = target.request("GET", LIST + "c0")
        site = self.folder / "counted"
        site.mkdir()
        (site / "list").write_bytes(body)
        kinds = {
            "list of 50": (costs.asking("GET", LIST + "c0"), costs.asking("GET", "/list")),
            "304": (costs.asking("GET", LIST + "c0", status=304,
                                 headers={"If-None-Match": headers["ETag"]}), None),
            "post, one after the other": (
                costs.asking("POST", POST, BODY.replace("{}", "c1"), status=201,
                             headers={"Content-Type": "application/json"}), None)}
        for what in costs.TOOLS:
            if why := costs.missing_tool(what):
                say(why)
                continue
            say(f"costs: {what}")
            for kind, (ours, theirs) in kinds.items():
                self.add("What one request takes, counted", kind, what, self.counted(
                    what, lambda port: processes.server_command(
                        self.chosen.server, f"sqlite:{database}", port), ours),
                    theirs and {"name": "nginx, the same bytes as a file", "rounds": self.counted(
                        what, lambda port: costs.nginx(site, port), theirs)})

    def counted(self, what, program, ask):
        one = self.optional(what, lambda: costs.each(what, program, ask))
        return [] if one is None else [{"value": one}]

    def measure_footprint(self):
        say("footprint")
        largest = self.sizes[-1]
        empty, memory = self.starts(lambda i: self.folder / f"empty-{i}.db")
        full, _ = self.starts(lambda _: self.databases[largest])
        self.add("Footprint", "idle memory", "MB", memory, aim=("value", "<=", 13.5))
        self.add("Footprint", "start to first answer, empty store", "ms", empty,
                 aim=("value", "<=", 30))
        self.add("Footprint", f"start to first answer, {largest:,} in one content", "ms", full,
                 aim=("value", "<=", 100))
        stripped = self.folder / "stripped"
        subprocess.run(["strip", "-o", stripped, self.chosen.server], check=True)
        self.add("Footprint", "stripped binary", "MB", [{"value": stripped.stat().st_size / 1e6}],
                 aim=("value", "<=", 4))

    def starts(self, database):
        times, memory = [], []
        for i in range(5):
            target, start = self.serve(database(i)), time.monotonic()
            with target:
                if target.request("GET", "/readyz")[0] != 200:
                    raise RuntimeError("the server is not ready")
                times.append({"value": (time.monotonic() - start) * 1e3})
                memory.append({"value": processes.memory_bytes(target.pid) / 1e6})
        return times, memory

    def measure_parts(self):
        say("parts")
        done = subprocess.run(
            [self.tool("micro"), self.databases[self.sizes[-1]], "--benchmark_format=json",
             f"--benchmark_repetitions={self.rounds}", f"--benchmark_min_time={self.seconds / 10}",
             "--benchmark_enable_random_interleaving=true"],
            check=True, capture_output=True, text=True)
        runs = [run for run in json.loads(done.stdout)["benchmarks"]
                if run["run_type"] == "iteration"]
        runs.sort(key=lambda run: run["family_index"])
        for name in dict.fromkeys(run["run_name"] for run in runs):
            self.add("Parts, one thread", name, "µs",
                     [{"value": run["real_time"] / 1e3, "cpu_us": run["cpu_time"] / 1e3}
                      for run in runs if run["run_name"] == name])


def raise_file_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def machine():
    processor = next((line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    disk = subprocess.run(["stat", "-f", "-c", "%T", "/var/tmp"], capture_output=True, text=True)
    return {"processor": processor, "cores": os.cpu_count(), "memory": f"{memory:.0f} GB",
            "kernel": ".".join(platform.release().split(".")[:2]),
            "file system": disk.stdout.strip(), "load before": f"{os.getloadavg()[0]:.1f}"}


def main():
    parser = argparse.ArgumentParser(description="Measures the server beside its references.")
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--newest", type=Path, help="another build, with the newest cpp-httplib")
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="shorter, and without the largest")
    parser.add_argument("section", nargs="?", choices=["attack", "copy", "costs"], help="only this")
    chosen = parser.parse_args()
    for name in ("server", "newest", "tools", "json"):  # the programs work in another folder
        setattr(chosen, name, (path := getattr(chosen, name)) and path.resolve())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is ended and removed
    raise_file_limit()
    # On a disk, unlike /tmp perhaps, and open to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="comments-bench-") as folder:
        os.chmod(folder, 0o755)
        bench = Bench(chosen, folder)
        result = bench.run_one(chosen.section) if chosen.section else bench.run()
    report.write(result, chosen.json)
    print(report.markdown(result))


if __name__ == "__main__":
    main()
