"""deployments_test - the log as a pipeline, a spreadsheet and a reader meet it."""
import contextlib
import csv
import io
import json
import re
import sqlite3
import unittest
from html.parser import HTMLParser
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from urllib.parse import quote

from support import Server, ServerTest, at_once, binary, main

LOG, TOKEN = "/api/v1/deployments", "the-token-of-the-pipeline"
PIPELINE = {"Authorization": "Bearer " + TOKEN}
STEP = {"component": "comments", "version": "1.2.0", "responsible": "ana", "status": "success"}
OPTIONS = ("--deploy-token", TOKEN, "--drain-delay", "0")
COLUMNS = ["component", "version", "responsible", "status", "date", "run", "id"]
RECORDS = 10_000
FILL = """
WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
INSERT INTO deployment SELECT n, printf('00000000-0000-7000-8000-%012d', n), component, n || '.0',
  responsible, status, '', date FROM deployment JOIN number WHERE position = 1
"""


def rows_of(answer):
    """The rows of a spreadsheet, read by a parser that takes nothing but RFC 4180."""
    text = answer.body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


class Page(HTMLParser):
    """The text of a page by the class or name of its cells, and all of its tags."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.rows, self.cell, self.text = [], [], None, ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append({})
        if tag == "td":
            self.cell = dict(attributes)["data-name"]
            self.rows[-1][self.cell] = ""

    def handle_endtag(self, tag):
        if tag == "td":
            self.cell = None

    def handle_data(self, data):
        self.text += data
        if self.cell:
            self.rows[-1][self.cell] += data


class DeploymentLog(ServerTest):
    options = ("--store", "memory:", *OPTIONS)

    def setUp(self):
        self.component = self._testMethodName

    def record(self, headers=None, **more):
        said = STEP | {"component": self.component} | more
        return self.server.post(LOG, said, PIPELINE if headers is None else headers)

    def listed(self, query=""):
        answer = self.server.get(f"{LOG}?component={self.component}{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_a_step_is_recorded_with_the_servers_date(self):
        answer = self.record(run="1", date="1999-12-31T00:00:00Z")
        self.assertEqual(answer.status, 201, answer)
        self.assertRegex(answer.json["date"], r"^20[2-9]\d-")
        self.assertEqual(self.listed(), {"items": [answer.json], "next": None})

    def test_a_retried_step_is_one_record_also_if_it_comes_at_once(self):
        answers = at_once([lambda: self.record(run="7")] * 8)
        self.assertEqual([answer.status for answer in answers], [201] * 8)
        self.assertEqual(len({answer.json["id"] for answer in answers}), 1)
        replayed = [answer.headers["Idempotency-Replayed"] for answer in answers]
        self.assertEqual((replayed.count("true"), replayed.count(None)), (7, 1))
        self.assertEqual(len(self.listed()["items"]), 1)

    def test_a_client_without_the_token_learns_nothing(self):
        bodies = set()
        for proof in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}x"},
                      {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer"}):
            for more in ({}, {"status": "none"}):
                answer = self.record(proof, **more)
                self.assert_problem(answer, 401, "unauthenticated")
                problem = answer.json
                del problem["request_id"]
                bodies.add(json.dumps(problem))
        self.assertEqual(len(bodies), 1)
        self.assertEqual(self.listed()["items"], [])

    def test_bad_input_is_named(self):
        for more, pointers in [({"component": ""}, ["/component"]), ({"version": "x" * 101},
                               ["/version"]), ({"responsible": "x" * 201}, ["/responsible"]),
                               ({"status": "done"}, ["/status"]), ({"status": None}, ["/status"]),
                               ({"run": "x" * 201}, ["/run"]), ({"run": ["1"]}, ["/run"]),
                               ({"colour": "red"}, ["/colour"]),
                               ({"version": "1\n2"}, ["/version"]),
                               ({"component": " ", "version": None}, ["/component", "/version"])]:
            with self.subTest(more):
                answer = self.record(**more)
                self.assert_problem(answer, 422, "validation")
                self.assertEqual(sorted(answer.pointers), sorted(pointers))
        for body, status in [(b"{" + b" " * 16_384 + b"}", 413), (b"x" * 100_000, 413),
                             (b"{", 400), (b"[]", 422), (b"", 400)]:
            answer = self.server.post(LOG, body, PIPELINE | {
                "Content-Type": "application/json"})
            self.assert_problem(answer, status)
        self.assert_problem(self.server.get(LOG + "?cursor=x"), 400)
        self.assert_problem(self.server.request("DELETE", LOG), 405)

    def test_pages_follow_one_another(self):
        for number in range(7):
            self.record(version=str(number))
        met, cursor = [], ""
        while True:
            page = self.listed(f"&limit=3{cursor}")
            met += [one["version"] for one in page["items"]]
            self.record(version="meanwhile")
            if not page["next"]:
                break
            cursor = "&cursor=" + quote(page["next"])
        self.assertEqual(met, list("6543210"))

    def test_a_spreadsheet_opens_as_it_was_meant(self):
        hard = ['=HYPERLINK("https://example.com","x")', "+1", "-1", "@SUM(1)", 'a,b;"c"',
                "Zoë \U0001f469\u200d\U0001f4bb", "'", "plain"]
        for number, value in enumerate(hard):
            self.assertEqual(self.record(version=value, responsible=value, run=number).status, 201)
        answer = self.server.get(f"{LOG}?component={self.component}", {"Accept": "text/csv"})
        self.assertRegex(answer.headers["Content-Type"], "^text/csv; charset=utf-8")
        self.assertTrue(answer.body.startswith(b"\xef\xbb\xbfcomponent,"))
        self.assertNotRegex(answer.body, rb"[^\r]\n")
        rows = rows_of(answer)
        self.assertEqual(list(rows[0]), COLUMNS)
        harmless = ["'" + value if value[0] in "=+-@" else value for value in hard]
        self.assertEqual([row["version"] for row in reversed(rows)], harmless)
        self.assertEqual([row["responsible"] for row in reversed(rows)], harmless)
        self.assertEqual([row["run"] for row in reversed(rows)], [str(n) for n in range(len(hard))])
        for row, item in zip(rows, self.listed()["items"], strict=True):
            self.assertEqual((row["id"], row["date"]), (item["id"], item["date"]))
        limited = self.server.get(f"{LOG}?component={self.component}&format=csv&limit=2")
        self.assertEqual(rows_of(limited), rows[:2])

    def test_the_page_shows_everything_as_text(self):
        hostile = "</td><script>alert('1')</script>&amp;"
        for status in ("pending", "in_progress", "success"):
            self.record(version=hostile, responsible="\"><img src=x>", status=status, run="1")
        answer = self.server.get("/status")
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.headers["Content-Type"], "^text/html; charset=utf-8")
        policy = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        page = Page(answer.body.decode())
        self.assertFalse({"script", "img", "style", "iframe"} & {tag for tag, _ in page.tags})
        self.assertFalse([name for _, attributes in page.tags for name in attributes
                          if name.startswith("on") or name == "style"])
        rows = [row for row in page.rows if row.get("Component") == self.component]
        self.assertEqual([row["Status"] for row in rows], ["success", "in progress", "pending"])
        for row in rows:
            self.assertEqual((row["Version"], row["Responsible"]), (hostile, "\"><img src=x>"))
            self.assertRegex(row["Date (UTC)"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        self.assertEqual(rows[0]["Took"], "–")
        for row in rows[1:]:
            self.assertRegex(row["Took"], r"^\d+(\.\d)? m?s$")
        build = self.server.get("/version").json
        for name in ("component", "version", "commit"):
            self.assertIn(build[name], page.text)
        self.assertIn("It is working.", page.text)

    def test_the_page_finds_its_style(self):
        page = Page(self.server.get("/status").body.decode())
        links = [attributes["href"] for tag, attributes in page.tags if tag == "link"]
        self.assertEqual(links, ["status.css"])
        style = self.server.get("/" + links[0])
        self.assertRegex(style.headers["Content-Type"], "^text/css")
        self.assertIn(b"prefers-color-scheme: dark", style.body)
        sheets = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
        self.assertRegex(self.server.get("/" + sheets[0]).headers["Content-Type"], "^text/csv")


class Without(unittest.TestCase):
    def test_without_a_token_nothing_is_recorded(self):
        with Server("--store", "memory:", "--drain-delay", "0") as server:
            for proof in ({}, PIPELINE, {"Authorization": "Bearer "}):
                self.assertEqual(server.post(LOG, STEP, proof).status, 401)
            self.assertEqual(server.get(LOG).json["items"], [])
            self.assertIn("None is recorded yet.", server.get("/status").body.decode())


class Kept(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(TemporaryDirectory())

    def serve(self):
        return Server(*OPTIONS, folder=self.folder)

    def test_what_was_acknowledged_outlives_the_process(self):
        kept = []
        for number in range(3):
            with self.serve() as server:
                answers = at_once([
                    lambda run=f"{number} {i}": server.post(LOG, STEP | {"run": run}, PIPELINE)
                    for i in range(8)])
                kept += [answer.json for answer in answers]
                self.assertEqual({answer.status for answer in answers}, {201})
                server.tell(SIGKILL)
                server.process.wait()
        with self.serve() as server:
            listed = server.get(LOG + "?limit=200").json["items"]
            self.assertEqual(sorted(one["id"] for one in listed), sorted(one["id"] for one in kept))
            again = server.post(LOG, STEP | {"run": "1 3"}, PIPELINE)
            self.assertEqual(again.headers["Idempotency-Replayed"], "true")
            self.assertIn(again.json, listed)

    def test_a_long_spreadsheet_is_whole_and_takes_no_memory(self):
        with self.serve() as server:
            server.post(LOG, STEP, PIPELINE)
        with contextlib.closing(sqlite3.connect(Path(self.folder) / "comments.db")) as file, file:
            file.execute(FILL, [RECORDS])
        with self.serve() as server:
            def memory(what):
                status = Path(f"/proc/{server.process.pid}/status").read_text()
                return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) / 1024

            server.get(LOG + "?format=csv&limit=400")
            before = memory("VmRSS")
            for _ in range(3):
                answer = server.get(LOG + "?format=csv")
                self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
                versions = [row["version"] for row in rows_of(answer)]
                self.assertEqual(versions[:-1], [f"{n}.0" for n in range(RECORDS, 1, -1)])
                self.assertEqual(versions[-1], "1.2.0")
            head = server.request("HEAD", LOG + "?format=csv")
            self.assertEqual((head.status, head.body), (200, b""))
            if not re.search(rb"__[at]san_init", Path(binary()).read_bytes()):  # these hoard
                self.assertLess(memory("VmHWM") - before, 4)


if __name__ == "__main__":
    main()
