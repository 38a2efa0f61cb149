"""image_test - the server's image as it is meant to be run: with nothing that it does not need.

    image_test.py IMAGE SAME_IMAGE ENGINE…      (./dev image test builds both and calls this)

Every container has a read-only file system, no capabilities and no way to get any, a user that is
not root, and 128 MB of memory. SAME_IMAGE is a second build of the same commit, from nothing.
"""
import contextlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tarfile
import threading
import unittest
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "server"))
from contract_test import ANSWERS, CURL_LINES, read_curl  # noqa: E402
from support import (LISTENING, NO_ANSWER, PATIENCE, POST, Server, at_once, free_port,  # noqa: E402
                     until)

MEMORY = 128 * 1024 * 1024
SIZE_MAX = 25_000_000
HARDENED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
            "--user=65532:65532", f"--memory={MEMORY}"]
BINARY = "/usr/bin/comments-server"
LABEL = "org.opencontainers.image."
numbers = itertools.count()


def call(*words, check=True, text=True):
    """What the engine says to these words, on both its outputs."""
    return subprocess.run([*ENGINE, *words], check=check, stdin=subprocess.DEVNULL, text=text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=4 * PATIENCE)


def inspect(image):
    return json.loads(call("image", "inspect", image).stdout)[0]


@cache
def files():
    """Everything in the image, by its path: (what tar knows of it, what it holds)."""
    name = f"comments-image-test-{os.getpid()}-files"
    call("create", "--name", name, IMAGE)
    try:
        exported = call("export", name, text=False).stdout
    finally:
        call("rm", "--volumes", name)
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        return {"/" + entry.name.strip("/"):
                (entry, archive.extractfile(entry).read() if entry.isfile() else b"")
                for entry in archive}


@contextlib.contextmanager
def new_volume():
    name = f"comments-image-test-{os.getpid()}-{next(numbers)}"
    call("volume", "create", name)
    try:
        yield name
    finally:
        call("volume", "rm", "--force", name)


class Container(Server):
    """A server in a container of its own, on a free port of this machine."""

    def __init__(self, *options, volume=None, env=None):
        super().__init__(*options, env=env)
        self.name = f"comments-image-test-{os.getpid()}-{next(numbers)}"
        self.mount = ["--volume", f"{volume}:/data"] if volume else []

    def start(self):
        self.port = free_port()
        settings = [f"--env={name}={value}" for name, value in (self.env or {}).items()]
        self.process = subprocess.Popen(
            [*ENGINE, "run", "--rm", "--name", self.name, *HARDENED, *self.mount, *settings,
             "--publish", f"{self.host}:{self.port}:8000", IMAGE, *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace")
        self.reader = threading.Thread(target=self.read_stderr)
        self.reader.start()

    def wait_until_up(self):
        def is_up():
            if self.process.poll() is not None:
                raise AssertionError(f"it left with {self.process.returncode}:\n{self.log}")
            return any(map(LISTENING.search, list(self.lines)))

        until(is_up, "a server in its container")

    def kill(self):
        """By kill -9 of the server itself, which is process 1 in there."""
        call("kill", "--signal=KILL", self.name, check=False)  # it may be gone already
        self.process.wait(PATIENCE)
        self.reader.join()
        self.process.stderr.close()

    def execute(self, *words, check=True):
        return call("exec", self.name, *words, check=check)

    @property
    def facts(self):
        """What the kernel says of the server's process."""
        inside = call("inspect", "--format", "{{.State.Pid}}", self.name).stdout.strip()
        status = Path(f"/proc/{inside}/status").read_text()
        return dict(re.findall(r"^(\w+):\s*(.*)$", status, re.M))


class Content(unittest.TestCase):
    """What is in the image, and what it says of itself."""

    def setUp(self):
        self.config = inspect(IMAGE)["Config"]

    def test_two_builds_of_a_commit_are_the_same_image(self):
        self.assertEqual(inspect(IMAGE)["Id"], inspect(SAME_IMAGE)["Id"])

    def test_it_is_small(self):
        held = sum(entry.size for entry, _ in files().values())
        self.assertLessEqual(max(held, inspect(IMAGE)["Size"]), SIZE_MAX)

    def test_its_labels_say_what_it_is(self):
        labels = self.config["Labels"]
        self.assertEqual(labels[LABEL + "title"], "comments")
        said = call("run", "--rm", *HARDENED, IMAGE, "--version").stdout
        version, commit = re.search(r" (\S+) \(commit (\w+), ", said).groups()
        self.assertEqual(labels[LABEL + "version"], f"{version}+{commit}")
        self.assertEqual(labels[LABEL + "revision"], commit)
        self.assertRegex(labels[LABEL + "created"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
        self.assertEqual(labels[LABEL + "created"][:10], said[-12:-2])

    def test_it_runs_the_server_and_nobody_as_root(self):
        self.assertEqual(self.config["Entrypoint"], [BINARY])
        self.assertEqual(self.config["User"], "65532:65532")
        self.assertEqual(list(self.config["Volumes"]), ["/data"])
        self.assertEqual(list(self.config["ExposedPorts"]), ["8000/tcp"])
        check = self.config.get("Healthcheck") or inspect(IMAGE)["Healthcheck"]
        self.assertEqual(check["Test"], ["CMD", BINARY, "--check"])

    def test_there_is_one_program_and_it_is_the_server(self):
        def is_program(path, entry):
            return entry.isfile() and entry.mode & 0o111 and ".so" not in path

        self.assertEqual([path for path, (entry, _) in files().items() if is_program(path, entry)],
                         [BINARY])

    def test_nobody_but_root_may_change_what_is_in_it(self):
        for path, (entry, _) in files().items():
            with self.subTest(path):
                self.assertFalse(entry.mode & 0o6000)
                if path in ("/data", "/tmp") or path.split("/")[1] in ("dev", "proc", "sys"):
                    continue
                self.assertEqual((entry.uid, entry.gid), (0, 0))
                self.assertFalse(entry.isfile() and entry.mode & 0o022)

    def test_every_library_is_of_a_package_that_scanners_see(self):
        folder = "/var/lib/dpkg/status.d/"
        records = {path.removeprefix(folder): held.decode() for path, (entry, held)
                   in files().items() if path.startswith(folder) and entry.isfile()}
        for name in ("libc6", "libpq5", "libsqlite3-0", "libssl3t64", "libstdc++6", "libutf8proc3",
                     "zlib1g", "ca-certificates", "base-files", "nlohmann-json3-dev"):
            self.assertIn(name, records)
        for name, record in records.items():
            with self.subTest(name):
                self.assertRegex(record, rf"(?m)\APackage: {re.escape(name)}$")
                self.assertRegex(record, r"(?m)^Version: \S+$")
                self.assertIn(f"/usr/share/doc/{name}/copyright.gz", files())
        libraries = [path for path, (entry, _) in files().items() if ".so" in path]
        self.assertGreater(len(libraries), 10)
        self.assertIn(b"\nID=debian\n", files()["/etc/os-release"][1])

    def test_it_knows_whom_to_trust(self):
        authorities = files()["/etc/ssl/certs/ca-certificates.crt"][1]
        self.assertGreater(authorities.count(b"BEGIN CERTIFICATE"), 50)


class Run(unittest.TestCase):
    """The contract, through a container that may do nothing but serve."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Container())

    def test_the_legacy_lines_are_answered_as_before(self):
        for line, answer in zip(CURL_LINES, ANSWERS, strict=True):
            with self.subTest(line):
                method, target, headers, body = read_curl(line)
                given = self.server.request(method, target, body, headers)
                self.assertEqual(given.status, 404 if "99" in target else 200)
                self.assertEqual(given.json, answer)

    def test_a_comment_is_listed_with_its_reply_and_as_html(self):
        comment = self.server.post(POST, {"content_id": "thread", "body": "Primeiro *Post*!"})
        self.assertEqual(comment.status, 201, comment)
        reply = self.server.post(POST, {"content_id": "thread", "body": "Parabens!",
                                        "parent_id": comment.json["id"]})
        self.assertEqual(reply.status, 201, reply)
        listed, = self.server.get(f"{POST}?content_id=thread").json["items"]
        self.assertEqual((listed["id"], listed["replies"]), (comment.json["id"], 1))
        self.assertIn("<em>Post</em>", listed["body_html"])

    def test_bad_input_is_refused_by_name(self):
        answer = self.server.post(POST, {"content_id": "bad", "body": ""})
        self.assertEqual((answer.status, answer.pointers), (422, ["/body"]), answer)

    def test_it_is_well_and_says_which_build_it_is(self):
        for target in ("/healthz", "/readyz", "/metrics", "/status", "/openapi.json"):
            self.assertEqual(self.server.get(target).status, 200, target)
        self.assertEqual(self.server.get("/version").json["commit"],
                         inspect(IMAGE)["Config"]["Labels"][LABEL + "revision"])

    def test_its_own_check_says_so(self):
        self.assertEqual(self.server.execute(BINARY, "--check").returncode, 0)

    def test_without_a_server_the_check_fails(self):
        alone = call("run", "--rm", *HARDENED, IMAGE, "--check", check=False)
        self.assertEqual(alone.returncode, 1, alone.stderr)

    def test_there_is_no_shell_to_be_had(self):
        for shell in ("sh", "/bin/sh", "/bin/bash"):
            done = self.server.execute(shell, "-c", "exit 0", check=False)
            self.assertNotEqual(done.returncode, 0)

    def test_the_kernel_lets_it_do_nothing_else(self):
        facts = self.server.facts
        self.assertEqual(set(facts["Uid"].split()), {"65532"})
        for capabilities in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(facts[capabilities], 16), 0, capabilities)
        self.assertEqual(facts["NoNewPrivs"], "1")

    def test_many_long_comments_at_once_fit_into_its_memory(self):
        def post(number):
            body = f"{number}: " + "ção " * 2500
            draft = {"content_id": f"many-{number}", "body": body}
            return lambda: self.server.post(POST, draft).status

        for _ in range(4):
            self.assertEqual(at_once([post(number) for number in range(32)]), [201] * 32)
        self.assertLess(int(self.server.facts["VmHWM"].split()[0]) * 1024, MEMORY)


class Lasting(unittest.TestCase):
    """What was acknowledged is in the volume, however a container ends."""

    def post(self, server, body):
        answer = server.post(POST, {"content_id": "1", "body": body})
        self.assertEqual(answer.status, 201, answer)

    def bodies(self, server):
        return [item["body"] for item in server.get(f"{POST}?content_id=1").json["items"]]

    def test_comments_outlive_a_stop_and_a_kill(self):
        with new_volume() as volume:
            with Container(volume=volume) as first:
                self.post(first, "before the stop")
            with Container(volume=volume) as second:
                self.post(second, "before the kill")
                second.kill()
                self.assertRaises(NO_ANSWER, second.get, "/healthz")
            with Container(volume=volume) as third:
                self.assertEqual(self.bodies(third), ["before the stop", "before the kill"])

    def test_sigterm_lets_go_of_clients_before_it_ends(self):
        with Container(env={"COMMENTS_DRAIN_DELAY": "300"}) as server:
            self.post(server, "before")
            server.tell()
            until(lambda: server.get("/readyz").status == 503, "draining")
            self.post(server, "while it drains")
            self.assertEqual(self.bodies(server), ["before", "while it drains"])
            server.stop()  # a second signal ends the delay

    def test_a_database_is_found_by_its_name(self):
        gone = call("run", "--rm", *HARDENED, "--add-host=database:127.0.0.1", IMAGE,
                    "--store=postgresql://comments@database/comments", check=False)
        self.assertEqual(gone.returncode, 2)
        self.assertRegex(gone.stderr, r"(?m)^comments-server: --store .*\n\Z")
        self.assertIn("refused", gone.stderr)

    def test_where_it_may_not_write_it_says_so_and_leaves(self):
        denied = call("run", "--rm", *HARDENED, IMAGE, "--store=sqlite:/comments.db", check=False)
        self.assertEqual(denied.returncode, 2, denied.stderr)
        self.assertRegex(denied.stderr, r"(?m)^comments-server: --store .*\n\Z")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: image_test.py IMAGE SAME_IMAGE ENGINE… (./dev image test knows them)")
    IMAGE, SAME_IMAGE, *ENGINE = sys.argv[1:]
    unittest.main(argv=sys.argv[:1], verbosity=2)
