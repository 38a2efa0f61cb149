"""support - a server for every test: on a free port, asked, and stopped by its own process id.

    with Server("--store", "memory:") as server:
        answer = server.post("/api/v1/comments", {"content_id": "1", "body": "Primeiro Post!"})

A server that does not leave with 0 when it is told to, or about which a sanitizer says anything,
fails the test. Tests wait for what happens, never for time to pass; the patience below is only
there so that a broken server ends a test at all.
"""
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGTERM

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from effort import size  # noqa: E402, F401
from waiting import until  # noqa: E402, F401

PATIENCE = 30  # seconds; sanitizers make a server ten times slower
AT_ONCE = 4  # seconds; less than any timeout of the server's, so no wait for one goes unnoticed

POST, LEGACY_POST = "/api/v1/comments", "/api/comment/new"
NO_ANSWER = (OSError, http.client.HTTPException)  # what asking a server that goes away raises
LISTENING = re.compile(r'\blistening\b.*?address(?:=|":")([^\s"]+)')
COMPLAINT = re.compile(r"Sanitizer|runtime error:|terminate called|Assertion")


def binary():
    return os.environ["COMMENTS_SERVER"]


def main():
    """Runs the tests of a module: `X_test.py [PATH_TO_SERVER] [unittest's own arguments]`."""
    if len(sys.argv) > 1 and os.access(sys.argv[1], os.X_OK):
        os.environ["COMMENTS_SERVER"] = sys.argv.pop(1)
    if "COMMENTS_SERVER" not in os.environ:
        sys.exit("usage: X_test.py PATH_TO_SERVER (or set COMMENTS_SERVER)")
    os.environ["COMMENTS_SERVER"] = os.path.abspath(binary())
    unittest.main()


def environment(given=None):
    """This process's environment with no settings of the server's but the given ones."""
    ours = {name: v for name, v in os.environ.items() if not name.startswith("COMMENTS_")}
    suppressions = Path(__file__).resolve().parent.parent / "support/tsan.supp"
    return {"TSAN_OPTIONS": f"suppressions={suppressions}"} | ours | (given or {})


def run(*options, env=None, folder=None):
    """Runs the binary to its end, for options with which it is not meant to stay."""
    done = subprocess.run([binary(), *options], env=environment(env), cwd=folder, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    if COMPLAINT.search(done.stderr):
        raise AssertionError(f"the server complained:\n{done.stderr}")
    return done


def free_port(host="127.0.0.1"):
    with socket.create_server((host, 0)) as listener:
        return listener.getsockname()[1]


def at_once(tasks):
    """Runs the tasks in as many threads, which start together; their results in order."""
    gate = threading.Barrier(len(tasks))

    def work(task):
        gate.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(work, tasks))


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def __repr__(self):
        return f"{self.status}\n{self.headers}{self.body[:500]!r}"

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def pointers(self):
        """The fields that a problem names."""
        return [error["pointer"] for error in self.json["errors"]]


def read_answer(connection):
    """The next answer on a socket. An interim one (100) is passed over."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return Answer(response)


class Server:
    """A running server. `folder` is where it works: a temporary one, if none is given.

    With `port`, that port is served and the server is up once it takes connections; otherwise it
    finds a free one and is up once it says so. A test asks more of a server than any person does,
    so its guard is off; `guard=None` leaves the server's default.
    """

    def __init__(self, *options, env=None, folder=None, host="127.0.0.1", port=None,
                 guard="off"):
        self.options, self.env, self.host, self.port = list(options), env, host, port
        is_chosen = any(str(option).startswith("--guard") for option in options)
        if guard and not is_chosen and "COMMENTS_GUARD" not in (env or {}):
            self.options += ["--guard", guard]
        self.folder = Path(folder) if folder else None
        self.lines = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            if not self.folder:
                self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self.start()
            stack.callback(self.kill)
            self.wait_until_up()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, kind, *_):
        with self.stack:
            if kind is None and self.process.poll() is None:
                self.stop()

    def start(self):
        listen = f"[{self.host}]" if ":" in self.host else self.host
        is_told = any(option.startswith("--listen") for option in self.options)
        if not is_told and not (self.env or {}).get("COMMENTS_LISTEN"):
            self.options += ["--listen", f"{listen}:{self.port or 0}"]
        self.process = subprocess.Popen(
            [binary(), *self.options], env=environment(self.env), cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace")
        self.reader = threading.Thread(target=self.read_stderr)
        self.reader.start()

    def read_stderr(self):
        with contextlib.suppress(ValueError):  # a test may have closed the pipe
            for line in self.process.stderr:
                self.lines.append(line.rstrip("\n"))

    def wait_until_up(self):
        def is_up():
            if self.process.poll() is not None:
                raise AssertionError(f"the server left with {self.process.returncode}:\n{self.log}")
            if self.port:
                return self.is_listening()
            return next(filter(None, map(LISTENING.search, list(self.lines))), None)

        said = until(is_up, "a server")
        if not self.port:
            self.address = said[1]
            self.port = int(self.address.rsplit(":", 1)[1])

    def is_listening(self):
        try:
            self.connect().close()
            return True
        except (ConnectionRefusedError, ConnectionResetError):  # reset: it is just closing
            return False

    # --- its end ---

    def tell(self, signal=SIGTERM):
        self.process.send_signal(signal)

    def stop(self, signal=SIGTERM):
        """Ends it politely and makes sure that it went well."""
        self.tell(signal)
        self.wait()

    def wait(self):
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server does not leave:\n{self.log}") from None
        self.reader.join()
        self.process.stderr.close()
        if code != 0 or COMPLAINT.search(self.log):
            raise AssertionError(f"the server left with {code}:\n{self.log}")

    def kill(self):
        """Ends it as a power cut would, if it is still there."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        if COMPLAINT.search(self.log):
            raise AssertionError(f"the server complained:\n{self.log}")

    # --- what it says ---

    @property
    def log(self):
        return "\n".join(self.lines)

    @property
    def events(self):
        return [json.loads(line) for line in self.lines]

    def told(self, event):
        """Its lines about this event. A thread of its own writes them, so the first is awaited."""
        until(lambda: event in self.log, f"a line about {event}")
        return [line for line in self.events if line["event"] == event]

    # --- asking it ---

    def connect(self, timeout=PATIENCE):
        return socket.create_connection((self.host, self.port), timeout)

    def request(self, method, target, body=None, headers=None, timeout=PATIENCE):
        """One request on a connection of its own. A `body` that is no bytes is sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers = {"Content-Type": "application/json"} | (headers or {})
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, target, body, {"Connection": "close"} | (headers or {}))
            return Answer(connection.getresponse())

    def get(self, target, headers=None, timeout=PATIENCE):
        return self.request("GET", target, None, headers, timeout)

    def post(self, target, body, headers=None):
        return self.request("POST", target, body, headers)

    def exchange(self, sent, timeout=PATIENCE):
        """Sends bytes as they are; the first answer to them."""
        with self.connect(timeout) as connection:
            with contextlib.suppress(ConnectionError):  # it may have heard enough before the end
                connection.sendall(sent)
            return read_answer(connection)


class ServerTest(unittest.TestCase):
    """Tests that share one server and keep to a content of their own each."""

    options = ("--store", "memory:", "--drain-delay", "0")
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(*cls.options))

    @property
    def content_id(self):
        return self._testMethodName

    def post_comment(self, body="Primeiro Post!", headers=None, **more):
        answer = self.server.post(
            POST, {"content_id": self.content_id, "body": body} | more, headers)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def assert_problem(self, answer, status, code=None):
        """That `answer` is an RFC 9457 problem of this status."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json", answer)
        problem = answer.json
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"] and problem["detail"], answer)
        if code:
            self.assertEqual(problem["code"], code)
