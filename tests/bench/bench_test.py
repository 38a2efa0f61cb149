#!/usr/bin/env python3
"""The tools of ./dev bench count correctly. Nothing here depends on how fast anything is."""
import argparse
import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "server"))
import bench
import processes
import report
import support

TOOLS = Path(os.environ.get("COMMENTS_BENCH_TOOLS", "."))
LIST = "/api/v1/comments?content_id="


def run(tool, *arguments):
    done = subprocess.run([TOOLS / tool, *map(str, arguments)], check=True, capture_output=True,
                          text=True, timeout=support.PATIENCE * 4)
    return done.stdout


def load(port, *options, connections=4):
    return json.loads(run("load", "--port", port, "--connections", connections, "--warm-up", 0,
                          *options))


class Load(support.ServerTest):
    def counted(self, route, status):
        """What the server's own metrics say of a route."""
        lines = self.server.get("/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines
                   if line.startswith("comments_http_requests_total{")
                   and f'"{route}"' in line and f'status="{status}"' in line)

    def test_it_counts_what_the_server_counts(self):
        report = load(self.server.port, "--get", "/api/v1/counts?content_id=c{}", "--spread", 10,
                      "--post", "/api/comment/new", "--body",
                      '{"content_id":"c{}","email":"a@example.com","comment":"Oi!"}',
                      "--post-percent", 50, "--seconds", 0.5)
        self.assertEqual(report["errors"], 0)
        self.assertGreater(report["get"]["count"], 0)
        self.assertGreater(report["post"]["count"], 0)
        self.assertEqual(report["get"]["count"], self.counted("/api/v1/counts", 200))
        self.assertEqual(report["post"]["count"], self.counted("/api/comment/new", 200))
        self.assertEqual(report["answered"], report["get"]["count"] + report["post"]["count"])

    def test_a_fixed_rate_is_kept_to_the_request(self):
        for threads in (1, 2):
            report = load(self.server.port, "--get", "/healthz", "--rate", 200, "--seconds", 0.5,
                          "--threads", threads)
            self.assertEqual((report["get"]["count"], report["errors"]), (100, 0))

    def test_another_status_than_expected_is_an_error(self):
        report = load(self.server.port, "--get", LIST, "--rate", 100, "--seconds", 0.1)
        self.assertEqual((report["answered"], report["errors"], report["get"]["count"]), (0, 10, 0))

    def test_nobody_there_is_an_error(self):
        report = load(support.free_port(), "--get", "/", "--rate", 100, "--seconds", 0.1)
        self.assertEqual((report["answered"], report["errors"]), (0, 10))

    def test_a_known_version_is_answered_by_304(self):
        self.post_comment()
        etag = self.server.get(LIST + self.content_id).headers["ETag"]
        report = load(self.server.port, "--get", LIST + self.content_id, "--rate", 100,
                      "--header", f"If-None-Match: {etag}", "--expect", 304, "--seconds", 0.1)
        self.assertEqual((report["get"]["count"], report["errors"]), (10, 0))

    def test_new_connections_are_as_many_as_requests(self):
        report = load(self.server.port, "--get", "/healthz", "--fresh", "--rate", 100,
                      "--seconds", 0.2)
        self.assertEqual((report["get"]["count"], report["errors"]), (20, 0))

    def test_parked_connections_stay_until_they_are_let_go(self):
        with subprocess.Popen([TOOLS / "load", "--port", str(self.server.port), "--get", "/healthz",
                               "--park", "8"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as parking:
            self.assertEqual(json.loads(parking.stdout.readline()), {"parked": 8})
            self.assertEqual(json.loads(parking.communicate()[0]), {"open": 8})


class Omission(unittest.TestCase):
    def test_requests_that_wait_for_a_slow_server_count_from_when_they_were_due(self):
        """100 requests, due within half a second, of a server that needs a whole one for them."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = threading.Thread(target=self.serve_slowly, args=[listener])
            server.start()
            report = load(listener.getsockname()[1], "--rate", 200, "--seconds", 0.5,
                          "--threads", 1, connections=1)
            server.join()
        self.assertEqual((report["get"]["count"], report["errors"]), (100, 0))
        self.assertGreaterEqual(report["get"]["max_us"], 500_000)
        self.assertGreaterEqual(report["get"]["p50_us"], 245_000)

    def serve_slowly(self, listener):
        with listener.accept()[0] as client:
            while client.recv(4096):
                time.sleep(0.01)  # what each answer costs
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


class References(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_the_raw_log_holds_every_record_that_it_counts(self):
        said = json.loads(run("raw_log", self.folder / "log", 8, 300, 0.2))
        self.assertGreater(said["answered"], 0)
        self.assertEqual(said["errors"], 0)
        self.assertEqual((self.folder / "log").stat().st_size, 300 * said["answered"])

    def test_raw_epoll_answers_with_the_file(self):
        (self.folder / "list").write_text("[1,2]")
        port = support.free_port()
        command = [TOOLS / "raw_epoll", port, 1, self.folder / "list"]
        with processes.Process(command, self.folder, port) as raw:
            self.assertEqual(raw.request("GET", "/")[::2], (200, b"[1,2]"))
            self.assertGreater(processes.memory_bytes(raw.pid), 0)
            self.assertEqual(load(port, "--rate", 100, "--seconds", 0.1)["get"]["count"], 10)
        self.assertIsNotNone(raw.process.returncode)

    def test_a_process_that_does_not_come_up_is_told_and_ended(self):
        with self.assertRaisesRegex(RuntimeError, "does not come up"):
            processes.Process(["false"], self.folder, support.free_port()).__enter__()

    def test_cpu_counts_children_that_are_gone(self):
        burn = "import time\nwhile time.process_time() < 0.2: pass"
        script = f"{sys.executable} -c '{burn}'; read line"
        with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE) as shell:
            support.until(lambda: processes.cpu_seconds(shell.pid) >= 0.19
                          and len(processes.family(shell.pid)) == 1, "the CPU time of a child")
            shell.stdin.close()


class Seed(unittest.TestCase):
    def test_a_filled_database_is_as_if_all_had_been_posted(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        run("seed", folder / "a.db", 120, 110)
        with contextlib.closing(sqlite3.connect(folder / "a.db")) as database:
            ask = lambda sql: database.execute(sql).fetchall()
            self.assertEqual(ask("PRAGMA integrity_check"), [("ok",)])
            self.assertEqual(ask("PRAGMA foreign_key_check"), [])
            self.assertEqual(ask("SELECT * FROM content ORDER BY content_id"),
                             [("c0", 50, 50, ""), ("c1", 50, 50, ""), ("c2", 10, 10, ""),
                              ("one", 120, 120, "")])
            # Each comment has the event that its posting makes.
            self.assertEqual(ask("SELECT count(*) FROM comment JOIN event ON comment_id = id AND "
                                 "event.content_id = comment.content_id AND kind = 'posted' AND "
                                 "event.version = position AND position = comment.version"),
                             [(230,)])
        with support.Server("--store", f"sqlite:{folder / 'a.db'}", "--drain-delay", "0") as server:
            page = server.get(LIST + "one&limit=200").json
            self.assertEqual(len({item["id"] for item in page["items"]}), 120)
            self.assertEqual({item["content_id"] for item in page["items"]}, {"one"})
            last = page["items"][-1]
            self.assertEqual(server.get(f"/api/v1/comments/{last['id']}").json, last)
            posted = server.post("/api/v1/comments", {"content_id": "one", "body": "Oi!"})
            self.assertEqual(posted.headers["ETag"].split("-")[0], '"121')


class Report(unittest.TestCase):
    ours = [{"value": value, "cpu_us": 2 * value} for value in (3, 100, 4)]

    def test_figures_are_medians_and_ratios_those_of_medians(self):
        reference = {"name": "nginx", "rounds": [{"value": 8, "cpu_us": 4}]}
        one = report.figure("list", "1/s", self.ours, reference, ("ratio", ">=", 0.5))
        self.assertEqual((one["value"], one["ratio"], one["cpu ratio"]), (4, 0.5, 2))
        self.assertTrue(one["is_met"])
        worse = report.figure("list", "1/s", self.ours, reference, ("cpu ratio", "<=", 1.9))
        self.assertFalse(worse["is_met"])

    def test_without_its_reference_a_figure_stands_alone(self):
        one = report.figure("list", "1/s", self.ours, {"name": "nginx", "rounds": []},
                            ("ratio", ">=", 1))
        self.assertEqual((one["value"], one["ratio"], one["is_met"]), (4, None, None))
        self.assertIn("not measured", report.table([one]))

    def test_a_table_is_markdown_with_as_many_cells_in_each_line(self):
        figures = [report.figure("list", "1/s", [{"value": 12345.6}]),
                   report.figure("memory", "MB", [{"value": 1.234}], aim=("value", "<=", 12))]
        self.assertEqual(report.table(figures), "\n".join([
            "| figure | unit | value | aim |", "| --- | --- | --- | --- |",
            "| list | 1/s | 12,346 |  |", "| memory | MB | 1.23 | <= 12: yes |"]))

    def test_what_is_missing_or_fails_leaves_its_rounds_empty(self):
        with tempfile.TemporaryDirectory() as folder:
            tool = bench.Bench(argparse.Namespace(quick=True), folder)
            missing = tool.started("nginx", lambda: processes.Process(["/none"], folder, 1))
            self.assertIsNone(missing)
            rounds = tool.in_turns({"ours": lambda: {"value": 1}, "nginx": missing,
                                    "broken": lambda: {}["nothing"]})
            self.assertEqual(rounds, {"ours": [{"value": 1}] * 3, "nginx": [], "broken": []})


if __name__ == "__main__":
    support.main()
