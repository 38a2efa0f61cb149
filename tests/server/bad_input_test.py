"""bad_input_test - sends everything that no client should send.

Each answer is a 4xx problem that names the field, where there is one, and tells nothing about the
inside; the next request is answered at once; and the database holds what was acknowledged, nothing
else, which every test checks at its end.
"""
import contextlib
import json
import random
import socket
import sqlite3
import time
import unittest
from urllib.parse import urlencode

from support import AT_ONCE, LEGACY_POST, POST, Server, ServerTest, main, read_answer

INSIDE = ("sqlite", "sql", "nlohmann", "json.exception", "what()", "std::", "httplib", "exception",
          ".cpp", ".hpp", "/tmp", "comments.db", "parse error", "column", "errno")
V1 = {"content_id": "1", "body": "x"}
LEGACY = {"content_id": "1", "comment": "x", "email": "gabriela@example.com"}
NOBODY = "00000000-0000-7000-8000-000000000000"
JSON = {"Content-Type": "application/json"}
GONE = object()


def to_json(fields):
    """Only ASCII goes out: code points that UTF-8 cannot hold are written as \\uXXXX."""
    return json.dumps({name: v for name, v in fields.items() if v is not GONE}).encode()


def nested(levels):
    """The legacy API's fields and one that nests: `levels` in all, the object itself counted."""
    return b'{"content_id":"1","body":"x","pad":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def sized(size):
    """A good comment in `size` bytes, of which most are blanks."""
    comment = to_json(V1)
    return comment[:-1] + b" " * (size - len(comment)) + b"}"


# (what it is, the body, the status, the fields that are named)
NO_JSON = [
    ("nothing at all", b"", 400, []),
    ("spaces", b" \r\n", 400, []),
    ("half an object", b'{"content_id":"1","body":', 400, ["/body"]),
    ("an object without an end", b'{"content_id":"1","body":"x"', 400, ["/body"]),
    ("something behind the end", b'{"content_id":"1","body":"x"} x', 400, ["/body"]),
    ("single quotes", b"{'content_id':'1','body':'x'}", 400, []),
    ("no number", b'{"content_id":NaN,"body":"x"}', 400, ["/content_id"]),
    ("a comma too many", b'{"content_id":"1","body":"x",}', 400, ["/body"]),
    ("a remark", b'{"content_id":"1",/**/"body":"x"}', 400, ["/content_id"]),
    ("a form", b"content_id=1&body=x", 400, []),
    ("64 levels of arrays", b"[" * 64 + b"]" * 64, 400, []),
    ("33 levels", nested(33), 400, ["/pad"]),
    ("64 levels", nested(64), 400, ["/pad"]),
    ("60000 levels", b"[" * 60000, 400, []),
    ("12000 levels of objects", b'{"a":' * 12000, 400, ["/a" * 32]),
    ("bytes that are no UTF-8", b'{"content_id":"1","body":"\xff"}', 400, ["/body"]),
    ("Latin-1", '{"content_id":"1","body":"é"}'.encode("latin-1"), 400, ["/body"]),
    ("UTF-16", '{"content_id":"1","body":"x"}'.encode("utf-16"), 400, []),
    ("an overlong form", b'{"content_id":"1","body":"\xc0\x80"}', 400, ["/body"]),
    ("an encoded surrogate", b'{"content_id":"1","body":"\xed\xa0\x80"}', 400, ["/body"]),
    ("a code point over the last", b'{"content_id":"1","body":"\xf4\x90\x80\x80"}', 400, ["/body"]),
    ("a character cut short", b'{"content_id":"1","body":"\xe2\x82"}', 400, ["/body"]),
    ("no UTF-8 in a name", b'{"content_id":"1","\xff":1,"body":"x"}', 400, ["/content_id"]),
    ("a lone high surrogate", b'{"content_id":"1","body":"\\ud800"}', 400, ["/body"]),
    ("a lone low surrogate", b'{"content_id":"1","body":"\\udc00 x"}', 400, ["/body"]),
    ("half a pair", b'{"content_id":"\\ud800\\u0041","body":"x"}', 400, ["/content_id"]),
    ("a raw NUL", b'{"content_id":"1","body":"\x00"}', 400, ["/body"]),
    ("a NUL behind the end", b'{"content_id":"1","body":"x"}\0', 400, None),
    ("a raw line break", b'{"content_id":"1","body":"a\nb"}', 400, ["/body"]),
    ("a field twice", b'{"content_id":"1","body":"x","body":"y"}', 400, ["/body"]),
    ("a field twice, spelt apart", b'{"content_id":"1","body":"x","b\\u006fdy":"y"}', 400,
     ["/body"]),
    ("an ignored field's field twice", b'{"content_id":"1","body":"x","p":{"q":1,"q":2}}', 400,
     ["/p/q"]),
]
NO_OBJECT = [(name, body, 422, [""]) for name, body in [
    ("an array", b"[]"), ("an array of comments", b'[{"content_id":"1","body":"x"}]'),
    ("a string", b'"x"'), ("null", b"null"), ("a number", b"1"), ("true", b"true")]]

# (what it is, the fields that differ from a good one, the fields that are named)
V1_FIELDS = [
    ("no content", {"content_id": GONE}, ["/content_id"]),
    ("no body", {"body": GONE}, ["/body"]),
    ("nothing", {"content_id": GONE, "body": GONE}, ["/content_id", "/body"]),
    ("null", {"content_id": None, "body": None}, ["/content_id", "/body"]),
    ("a number for a body", {"body": 1}, ["/body"]),
    ("an array for a body", {"body": ["x"]}, ["/body"]),
    ("a truth for a content", {"content_id": True}, ["/content_id"]),
    ("a fraction for a content", {"content_id": 1.5}, ["/content_id"]),
    ("a float for a content", {"content_id": 1.0}, ["/content_id"]),
    ("a number that no integer holds", {"content_id": 10**30}, ["/content_id"]),
    ("an array for a content", {"content_id": [1]}, ["/content_id"]),
    ("an object for a content", {"content_id": {}}, ["/content_id"]),
    ("empty", {"content_id": "", "body": ""}, ["/content_id", "/body"]),
    ("blank", {"content_id": "  ", "body": " \n\t\r"}, ["/content_id", "/body"]),
    ("invisible", {"content_id": "\u200b", "body": "\u00a0\u2003\ufeff"},
     ["/content_id", "/body"]),
    ("a body over 16 KiB", {"body": "a" * 16385}, ["/body"]),
    ("a body over 16 KiB in bytes alone", {"body": "é" * 8192 + "a"}, ["/body"]),
    ("a content over 255 bytes", {"content_id": "a" * 256}, ["/content_id"]),
    ("a content over 255 bytes in bytes alone", {"content_id": "é" * 128}, ["/content_id"]),
    ("a NUL in a content", {"content_id": "a\0b"}, ["/content_id"]),
    ("a line break in a content", {"content_id": "a\n"}, ["/content_id"]),
    ("DEL in a content", {"content_id": "\x7f"}, ["/content_id"]),
    ("C1 in a content", {"content_id": "a\x85"}, ["/content_id"]),
    ("a NUL in a body", {"body": "a\0b"}, ["/body"]),
    ("an escape in a body", {"body": "\x1b[31m"}, ["/body"]),
    ("a text for a parent", {"parent_id": "x"}, ["/parent_id"]),
    ("a number for a parent", {"parent_id": 1}, ["/parent_id"]),
    ("a text for an author", {"author": "x"}, ["/author"]),
    ("an array for an author", {"author": []}, ["/author"]),
    ("a number for a name", {"author": {"name": 1}}, ["/author/name"]),
    ("a name over 200 bytes", {"author": {"name": "a" * 201}}, ["/author/name"]),
    ("a NUL in a name", {"author": {"name": "\0"}}, ["/author/name"]),
    ("a name of blanks", {"author": {"name": " \u00a0"}}, ["/author/name"]),
    ("a direction in a name", {"author": {"name": "Ana\u202egpj"}}, ["/author/name"]),
    ("an isolate in a name", {"author": {"name": "\u2066Ana\u2069"}}, ["/author/name"]),
    ("a zero-width space in a name", {"author": {"name": "A\u200bna"}}, ["/author/name"]),
    ("a zero-width joiner in a name", {"author": {"name": "A\u200dna"}}, ["/author/name"]),
    ("a byte order mark in a name", {"author": {"name": "\ufeffAna"}}, ["/author/name"]),
    ("a line separator in a name", {"author": {"name": "Ana\u2028"}}, ["/author/name"]),
    ("tags in a name", {"author": {"name": "Ana\U000e0061\U000e007f"}}, ["/author/name"]),
    ("5 marks in a row in a name", {"author": {"name": "Z" + "\u0301" * 5}}, ["/author/name"]),
    ("60 marks in a row in a name", {"author": {"name": "Z" + "\u0e47" * 60}}, ["/author/name"]),
    ("an address that is none", {"author": {"email": "x"}}, ["/author/email"]),
    ("a number for an address", {"author": {"email": 1}}, ["/author/email"]),
    ("an address over 254 bytes", {"author": {"email": "a" * 243 + "@example.com"}},
     ["/author/email"]),
    ("a script for a page", {"author": {"url": "javascript:alert(1)"}}, ["/author/url"]),
    ("a page over 2048 bytes", {"author": {"url": "https://" + "a" * 2041}}, ["/author/url"]),
    ("a dot for a host", {"author": {"url": "http://."}}, ["/author/url"]),
    ("a hyphen for a host", {"author": {"url": "http://-"}}, ["/author/url"]),
    ("no host but an @", {"author": {"url": "https://@"}}, ["/author/url"]),
    ("a user at a host", {"author": {"url": "https://a.example@example.com"}}, ["/author/url"]),
    ("a port over 65535", {"author": {"url": "http://example.com:65536"}}, ["/author/url"]),
    ("a direction in a page", {"author": {"url": "http://example.com/\u202e"}}, ["/author/url"]),
    ("everything", {"content_id": [], "body": 1, "parent_id": "x", "author": {"email": "x"}},
     ["/content_id", "/body", "/parent_id", "/author/email"]),
]
NO_EMAIL = ["x", "@", "@example.com", "a@", "a@b@c", "a b@example.com", "a@-x.example.com",
            "a@x-.example.com", "a@.example.com", "a@example..com", "a@example.com.", "a@exa mple",
            "a@" + "b" * 64, "é@example.com", "a@éxample", "a@[127.0.0.1]", '"a"@example.com',
            "<a@example.com>", "a@example.com,b@example.com", " a@example.com", "a@example.com ",
            "a@example.com\n", "a\0@example.com", "a(b)@example.com"]
LEGACY_FIELDS = [
    ("no address", {"email": GONE}, ["/email"]),
    ("no comment", {"comment": GONE}, ["/comment"]),
    ("no content", {"content_id": GONE}, ["/content_id"]),
    ("the fields of v1", {"email": GONE, "comment": GONE, "body": "x"}, ["/email", "/comment"]),
    ("null", dict.fromkeys(LEGACY), ["/email", "/comment", "/content_id"]),
    ("numbers", {"email": 1, "comment": 2, "content_id": 3.5},
     ["/email", "/comment", "/content_id"]),
    ("empty", dict.fromkeys(LEGACY, ""), ["/email", "/comment", "/content_id"]),
    ("blank", dict.fromkeys(LEGACY, " "), ["/email", "/comment", "/content_id"]),
    ("a comment over 16 KiB", {"comment": "a" * 16385}, ["/comment"]),
    ("a NUL in a comment", {"comment": "\0"}, ["/comment"]),
    ("a content over 255 bytes", {"content_id": "a" * 256}, ["/content_id"]),
    ("a tab in a content", {"content_id": "a\tb"}, ["/content_id"]),
] + [(f"the address {email!r:.40}", {"email": email}, ["/email"]) for email in NO_EMAIL]

# (a target, the status, the fields that are named)
TARGETS = [
    (POST, 422, ["content_id"]),
    (f"{POST}?content_id=", 422, ["content_id"]),
    (f"{POST}?content_id=%20", 422, ["content_id"]),
    (f"{POST}?content_id=a%00b", 422, ["content_id"]),
    (f"{POST}?content_id=%ff", 422, ["content_id"]),
    (f"{POST}?content_id=%ed%a0%80", 422, ["content_id"]),
    (f"{POST}?content_id={'a' * 256}", 422, ["content_id"]),
    (f"{POST}?content_id=1&limit=0", 422, ["limit"]),
    (f"{POST}?content_id=1&limit=201", 422, ["limit"]),
    (f"{POST}?content_id=1&limit=-1", 422, ["limit"]),
    (f"{POST}?content_id=1&limit=", 422, ["limit"]),
    (f"{POST}?content_id=1&limit=x", 422, ["limit"]),
    (f"{POST}?content_id=1&limit=1e2", 422, ["limit"]),
    (f"{POST}?content_id=1&limit=%2b1", 422, ["limit"]),
    (f"{POST}?content_id=1&limit={10**30}", 422, ["limit"]),
    (f"{POST}?content_id=1&sort=best", 422, ["sort"]),
    (f"{POST}?content_id=1&parent_id=x", 422, ["parent_id"]),
    (f"{POST}?limit=0&sort=x&parent_id=x", 422, ["content_id", "parent_id", "sort", "limit"]),
    (f"{POST}?content_id=1&cursor=", 400, ["cursor"]),
    (f"{POST}?content_id=1&cursor=x", 400, ["cursor"]),
    (f"{POST}?content_id=1&cursor=MSAw.AAAAAAAAAAAAAAAAAAAAAA", 400, ["cursor"]),
    (f"{POST}?content_id=1&cursor={'a' * 5000}", 400, ["cursor"]),
    (f"{POST}?content_id=%zz", 400, ["content_id"]),
    (f"{POST}?content_id=1&x=%", 400, ["x"]),
    (f"{POST}?content_id=1&%f", 400, ["query"]),
    ("/api/v1/contents/%zz", 400, ["content_id"]),
    ("/api/v1/contents/%", 400, ["content_id"]),
    ("/api/v1/contents/%ff", 422, ["content_id"]),
    ("/api/v1/contents/%00", 422, ["content_id"]),
    (f"/api/v1/contents/{'a' * 256}", 422, ["content_id"]),
    ("/api/comment/list/%4", 400, ["content_id"]),
    ("/api/comment/list/%c0%80", 422, ["content_id"]),
    ("/api/comment/list/%20", 422, ["content_id"]),
    (f"/api/comment/list/{'a' * 256}", 422, ["content_id"]),
    ("/api/v1/counts", 422, ["content_id"]),
    ("/api/v1/counts?content_id=1&content_id=", 422, ["content_id"]),
    ("/api/v1/counts?" + "&".join(["content_id=1"] * 201), 422, ["content_id"]),
    (f"{POST}/x", 404, []),
    (f"{POST}/%00", 404, []),
    (f"{POST}/{NOBODY}", 404, []),
    (f"{POST}/{NOBODY}'--", 404, []),
    ("/../../etc/passwd", 404, []),
    ("/api/v1/%63omments", 404, []),
]

HEAD = b"Host: x\r\nContent-Type: application/json\r\n"
COMMENT = to_json(V1)
LENGTH = b"Content-Length: %d\r\n" % len(COMMENT)
# (what it is, the bytes, the statuses that it may be answered with)
WIRE = [
    ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", {400}),
    ("an unknown method", b"FOO /healthz HTTP/1.1\r\n" + HEAD + b"\r\n", {400, 405, 501}),
    ("a method that nothing takes", b"TRACE /healthz HTTP/1.1\r\n" + HEAD + b"\r\n", {400, 405}),
    ("an old version", b"GET /healthz\r\n\r\n", {400}),
    ("a new version", b"GET /healthz HTTP/9.9\r\n" + HEAD + b"\r\n", {400, 505}),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    ("no target", b"GET  HTTP/1.1\r\n" + HEAD + b"\r\n", {400, 404}),
    ("a long target", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", {400, 414}),
    ("a long header", b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", {400, 431}),
    ("101 headers", b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n",
     {400, 431}),
    ("10000 headers", b"GET /healthz HTTP/1.1\r\n" + b"".join(
        b"X-%d: y\r\n" % number for number in range(10000)) + b"\r\n", {400, 431}),
    ("10000 headers before a comment", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD + LENGTH +
     b"X: y\r\n" * 10000 + b"\r\n" + COMMENT, {400, 431}),
    ("two lengths", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD + LENGTH +
     b"Content-Length: 5\r\n\r\n" + COMMENT, {400}),
    ("a length and chunks", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD + LENGTH +
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + COMMENT, {400}),
    ("a length that is no number", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD +
     b"Content-Length: x\r\n\r\n" + COMMENT, {400}),
    ("a length below zero", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD +
     b"Content-Length: -1\r\n\r\n" + COMMENT, {400}),
    ("a length over every number", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD +
     b"Content-Length: 99999999999999999999\r\n\r\n" + COMMENT, {400, 413}),
    ("chunks that are none", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD +
     b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + COMMENT + b"\r\n0\r\n\r\n", {400}),
    ("an unknown coding", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD +
     b"Transfer-Encoding: x\r\n\r\n" + COMMENT, {400, 501}),
    ("no body", b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD + b"\r\n", {400, 411}),
    ("a body where none belongs", b"GET /healthz HTTP/1.1\r\n" + HEAD + LENGTH + b"\r\n" +
     COMMENT, {400}),
]


class BadInput(ServerTest):
    options = ("--store", "sqlite:comments.db", "--drain-delay", "0")

    def setUp(self):
        self.acknowledged = self.stored()[0]

    def tearDown(self):
        stored, events = self.stored()
        self.assertEqual(stored, self.acknowledged)
        self.assertEqual(events, len(stored))

    def stored(self):
        path = self.server.folder / "comments.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            events = database.execute("SELECT count(*) FROM event").fetchone()[0]
            return {row[0] for row in database.execute("SELECT id FROM comment")}, events

    def assert_serving(self):
        self.assertEqual(self.server.get("/healthz", timeout=AT_ONCE).status, 200)

    def assert_refused(self, answer, statuses, pointers=None):
        self.assertIn(answer.status, statuses, answer)
        self.assert_problem(answer, answer.status)
        if pointers is not None:
            self.assertEqual(sorted(answer.pointers), sorted(pointers), answer)
        told = (str(answer.headers) + answer.body.decode()).lower()
        for word in INSIDE:
            self.assertNotIn(word, told)
        self.assert_serving()

    def assert_accepted(self, answer):
        self.assertEqual(answer.status, 201, answer)
        self.acknowledged.add(answer.json["id"])

    def send(self, body, path=POST, headers=None):
        return self.server.post(path, body, JSON | (headers or {}))

    # --- bodies ---

    def test_bodies_that_are_no_json_object_are_refused(self):
        for path in (POST, LEGACY_POST):
            for name, body, status, pointers in NO_JSON + NO_OBJECT:
                with self.subTest(name, path=path):
                    self.assert_refused(self.send(body, path), {status}, pointers)

    def test_fields_that_break_a_rule_are_named(self):
        for name, changes, pointers in V1_FIELDS:
            with self.subTest(name):
                self.assert_refused(self.send(to_json(V1 | changes)), {422}, pointers)
        unknown = self.send(to_json(V1 | {"parent_id": NOBODY}))
        self.assert_refused(unknown, {404}, ["/parent_id"])

    def test_the_legacy_apis_fields_that_break_a_rule_are_named(self):
        for name, changes, pointers in LEGACY_FIELDS:
            with self.subTest(name):
                answer = self.send(to_json(LEGACY | changes), LEGACY_POST)
                self.assert_refused(answer, {422}, pointers)

    def test_values_at_a_limit_are_taken(self):
        longest_email = ".".join(["a@" + "b" * 63, "c" * 63, "d" * 63, "e" * 60])
        self.assertEqual(len(longest_email), 254)
        for name, changes in [
                ("a body of 16 KiB", {"body": "é" * 8192}),
                ("a content of 255 bytes", {"content_id": "a" * 255}),
                ("a name of 200 bytes", {"author": {"name": "a" * 200}}),
                ("4 marks in a row", {"author": {"name": "Z" + "\u0301" * 4}}),
                ("a name with joiners", {"author": {"name": "\u0645\u06cc\u200c\u062e"}}),
                ("an address of 254 bytes", {"author": {"email": longest_email}}),
                ("a page of 2048 bytes", {"author": {"url": "https://" + "a" * 2040}}),
                ("an empty author", {"author": {"name": "", "email": "", "url": ""}}),
                ("null for what may be missing", {"parent_id": None, "author": None}),
                ("the largest integer", {"content_id": 2**64 - 1}),
                ("the smallest integer", {"content_id": -2**63}),
                ("line breaks and tabs", {"body": "a\r\n\tb"}),
                ("a pair of surrogates", {"body": "\U0001f642"})]:
            with self.subTest(name):
                self.assert_accepted(self.send(to_json(V1 | changes)))
        self.assert_refused(self.send(nested(32)), {422}, ["/pad"])  # not 400: it was read

    def test_a_request_may_have_64_kib(self):
        self.assert_accepted(self.send(sized(65536)))
        for path in (POST, LEGACY_POST):
            self.assert_refused(self.send(sized(65537), path), {413}, [""])

    def chunks(self, body):
        return (b"POST /api/v1/comments HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HEAD +
                b"Connection: close\r\n\r\n" +
                b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 999]), body[at:at + 999])
                         for at in range(0, len(body), 999)) + b"0\r\n\r\n")

    def test_a_request_in_chunks_may_have_64_kib(self):
        self.assert_accepted(self.server.exchange(self.chunks(sized(65536))))
        for size in (65537, 10_000_000):
            self.assert_refused(self.server.exchange(self.chunks(sized(size))), {413}, [""])

    def test_ten_megabytes_are_refused_before_they_are_sent(self):
        head = b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD + b"Content-Length: 10000000\r\n\r\n"
        with self.server.connect(timeout=AT_ONCE) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(head + b"a" * 200_000)
            self.assert_refused(read_answer(connection), {413}, [""])

    def test_damaged_bodies_are_taken_or_refused_and_nothing_else(self):
        seed = random.randrange(2**32)
        dice = random.Random(seed)
        good = to_json(V1 | {"content_id": "fuzz", "author": {"name": "Gabi", "url": "https://x"}})
        for _ in range(300):
            body = bytearray(good)
            for _ in range(dice.randint(1, 4)):
                at = dice.randrange(len(body))
                end = at + dice.choice((0, 0, 1, 8))
                body[at:end] = dice.randbytes(dice.randint(0, 2)) or body[:dice.randrange(20)]
            with self.subTest(seed=seed, body=bytes(body)):
                answer = self.send(bytes(body))
                if answer.status == 201:
                    self.assert_accepted(answer)
                else:
                    self.assert_refused(answer, {400, 404, 422})

    # --- heads ---

    def test_targets_that_cannot_be_answered_are_refused(self):
        for target, status, pointers in TARGETS:
            with self.subTest(target[:80]):
                self.assert_refused(self.server.get(target), {status}, pointers)

    def test_a_cursor_is_good_for_its_own_list_alone(self):
        for content_id in ("mine", "other"):
            for _ in range(3):
                self.assert_accepted(self.send(to_json(V1 | {"content_id": content_id})))
        cursor = self.server.get(f"{POST}?content_id=mine&limit=1").json["next"]
        good = {"content_id": "mine", "limit": 1, "cursor": cursor}
        changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "Q")
        for changes in ({"content_id": "other"}, {"sort": "newest"}, {"sort": "top"},
                        {"parent_id": NOBODY}, {"cursor": changed}, {"cursor": cursor + "A"},
                        {"cursor": cursor[:-1]}, {"cursor": cursor.split(".")[0]},
                        {"cursor": cursor.upper()}, {"cursor": "\0" + cursor}):
            with self.subTest(changes):
                answer = self.server.get(f"{POST}?{urlencode(good | changes)}")
                self.assert_refused(answer, {400}, ["cursor"])
        self.assertEqual(self.server.get(f"{POST}?{urlencode(good)}").status, 200)

    def test_a_body_must_say_that_it_is_json(self):
        for path in (POST, LEGACY_POST):
            for media in (None, "", "text/plain", "application/x-www-form-urlencoded",
                          "multipart/form-data; boundary=b", "multipart/form-data",
                          "application/jsonx", "application/json-patch+json", "*/*"):
                with self.subTest(media, path=path):
                    headers = {} if media is None else {"Content-Type": media}
                    answer = self.server.post(path, COMMENT, headers)
                    self.assert_refused(answer, {415}, ["Content-Type"])
            with self.subTest("compressed", path=path):
                answer = self.send(COMMENT, path, {"Content-Encoding": "gzip"})
                self.assert_refused(answer, {415}, ["Content-Encoding"])
        for media in ("application/json", "Application/JSON ; charset=utf-8"):
            self.assert_accepted(self.server.post(POST, COMMENT, {"Content-Type": media}))

    def test_a_key_must_be_short_and_printable(self):
        for key in ("a" * 256, "a b", "a\tb", "é"):
            with self.subTest(key):
                answer = self.send(COMMENT, headers={"Idempotency-Key": key})
                self.assert_refused(answer, {422}, ["Idempotency-Key"])
        self.assert_accepted(self.send(COMMENT, headers={"Idempotency-Key": "a" * 255}))

    def test_a_request_may_have_100_headers(self):
        head = b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 99 + b"\r\n"
        self.assertEqual(self.server.exchange(head).status, 200)

    # --- sockets ---

    def test_bytes_that_are_no_request_are_refused(self):
        for name, sent, statuses in WIRE:
            with self.subTest(name):
                self.assert_refused(self.server.exchange(sent, AT_ONCE), statuses)

    def test_nothing_behind_a_refused_head_is_taken_for_a_request(self):
        # Else a client could hide a request from a proxy in front of us. The hidden one comes at
        # many distances, because a server may read, and forget, a block at once.
        hidden = b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD + LENGTH + b"\r\n" + COMMENT
        for start in (b"FOO / HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 9000):
            for size in (0, 4096, 8192, 16384):
                with self.subTest(start[:20], size=size):
                    with self.server.connect() as connection:
                        with contextlib.suppress(OSError):
                            connection.sendall(start.ljust(size, b"a") + hidden)
                            connection.shutdown(socket.SHUT_WR)
                        while connection_bytes(connection):
                            pass
                    self.assert_serving()
        # tearDown finds the hidden request, if the server took it.

    def test_garbage_is_refused_or_dropped(self):
        seed = random.randrange(2**32)
        dice = random.Random(seed)
        for size in [0, 1, 2, 4095, 4096, 4097, 70_000] + [dice.randrange(5000) for _ in range(40)]:
            garbage = dice.randbytes(size)
            if dice.random() < 0.5:
                garbage = garbage.replace(b"\n", b"\r\n") + b"\r\n\r\n"
            with self.subTest(seed=seed, size=size), self.server.connect() as connection:
                with contextlib.suppress(OSError):  # it may have hung up already
                    connection.sendall(garbage)
                    connection.shutdown(socket.SHUT_WR)
                said = connection_bytes(connection)
                self.assertTrue(not said or said.startswith(b"HTTP/1.1 4"), said)
                self.assert_serving()

    def test_half_a_request_is_no_request(self):
        whole = b"POST /api/v1/comments HTTP/1.1\r\n" + HEAD + LENGTH + b"\r\n" + COMMENT
        for end in (1, 10, 40, len(whole) - len(COMMENT), len(whole) - 1):
            with self.subTest(end=end), self.server.connect() as connection:
                connection.sendall(whole[:end])
                connection.shutdown(socket.SHUT_WR)
                said = connection_bytes(connection)
                self.assertTrue(not said or said.startswith(b"HTTP/1.1 4"), said)
                self.assert_serving()

    def test_a_client_that_leaves_early_can_retry(self):
        whole = (b"POST /api/v1/comments HTTP/1.1\r\nIdempotency-Key: early\r\n" + HEAD + LENGTH +
                 b"\r\n" + COMMENT)
        for leave in (lambda c: c.shutdown(socket.SHUT_WR), lambda c: c.close()):
            with self.server.connect() as connection:
                connection.sendall(whole)
                leave(connection)
            self.assert_serving()
        again = self.send(COMMENT, headers={"Idempotency-Key": "early"})
        self.assert_accepted(again)

    def test_a_burst_of_clients_is_let_in_at_once(self):
        # Where too few may queue up, the kernel drops the others, who try again after a second.
        with contextlib.ExitStack() as stack:
            start = time.monotonic()
            for _ in range(60):
                stack.enter_context(self.server.connect())
            self.assertLess(time.monotonic() - start, 1)

    def test_silent_and_slow_clients_do_not_hold_up_the_others(self):
        with contextlib.ExitStack() as stack:
            for number in range(32):
                connection = stack.enter_context(self.server.connect())
                connection.sendall((b"", b"GET /heal", b"POST /api/v1/comments HTTP/1.1\r\n" +
                                    HEAD + LENGTH + b"\r\n{")[number % 3])
            self.assert_serving()
        self.assert_serving()

    def test_clients_that_do_not_listen_do_not_hold_up_the_others(self):
        for _ in range(20):
            self.assert_accepted(self.send(to_json(V1 | {"body": "a" * 16000,
                                                         "content_id": "long"})))
        with contextlib.ExitStack() as stack:
            for _ in range(16):
                connection = stack.enter_context(self.server.connect())
                connection.sendall(b"GET /api/v1/comments?content_id=long HTTP/1.1\r\n\r\n")
            self.assert_serving()
        self.assert_serving()


def connection_bytes(connection):
    """What comes next: an answer's bytes; nothing at the end of the connection."""
    try:
        return connection.recv(1 << 16)
    except ConnectionError:
        return b""


class Crowd(unittest.TestCase):
    def test_a_server_full_of_silent_clients_frees_itself(self):
        with Server("--store", "memory:", "--drain-delay", "0", "--threads", "4") as server:
            with contextlib.ExitStack() as stack:
                for _ in range(4):
                    stack.enter_context(server.connect()).sendall(b"GET /")
                self.assertEqual(server.get("/healthz").status, 200)


if __name__ == "__main__":
    main()
