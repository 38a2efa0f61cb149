"""readme_test.py - what README.md and docs/http-api.md tell people to type works as it stands.

    python3 tests/server/readme_test.py PATH_TO_SERVER
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest

import support

ROOT = pathlib.Path(__file__).resolve().parents[2]

MODERATOR, SITE = "a-token-of-moderators", "0123456789abcdef0123456789abcdef"
PIPELINE = "a-token-of-the-pipeline"
SECRETS = ("--moderator-token", MODERATOR, "--deploy-token", PIPELINE, "--sso-secret", SITE)


def user_token() -> str:
    """A JWT as the host's site would make it."""
    def part(value) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    claims = {"sub": "17", "name": "Guilherme", "exp": int(time.time()) + 3600}
    signed = ".".join(part(json.dumps(one).encode()) for one in ({"alg": "HS256"}, claims))
    mac = hmac.new(SITE.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{part(mac)}"


def commands(name: str) -> list[str]:
    """The indented lines of a Markdown file that are commands."""
    lines = (ROOT / name).read_text().splitlines()
    return [line.strip() for line in lines if re.match(r"    (curl|\./dev) ", line)]


class Documents(unittest.TestCase):
    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_every_curl_line_gets_an_answer_and_gets_it_again(self):
        """By default: the guard lets people do what the documents show."""
        for name in ("README.md", "docs/http-api.md"):
            with support.Server(*SECRETS, guard=None) as server:
                posted = server.post("/api/v1/comments", {"content_id": "1", "body": "Oi"}).json
                typed_in = {
                    "ID": posted["id"],
                    "EDIT_TOKEN": posted["edit_token"],
                    "BROWSER": posted["browser"],
                    "MODERATOR_TOKEN": MODERATOR,
                    "USER_TOKEN": user_token(),
                    "DEPLOY_TOKEN": PIPELINE,
                }
                lines = [line for line in commands(name) if line.startswith("curl")]
                self.assertGreater(len(lines), 2)
                for line in lines:
                    typed = line.replace("localhost:8000", server.address)
                    with self.subTest(line):
                        self.type_in(typed, typed_in)
                    with self.subTest(f"again: {line}"):
                        self.type_in(typed, typed_in, is_again=True)

    def type_in(self, line: str, variables: dict, is_again: bool = False) -> None:
        typed = line.replace("curl ", "curl -w '\\n%{http_code}' ", 1)
        answer = subprocess.run(
            typed, shell=True, capture_output=True, text=True, env=os.environ | variables
        )
        # 28: it was told to stop following after a while.
        self.assertIn(answer.returncode, (0, 28) if "--max-time" in line else (0,))
        body, status = answer.stdout.rsplit("\n", 1)
        is_gone = is_again and re.search(r"-X DELETE \S+/comments/\$ID ", line)
        self.assertIn(status, ("404",) if is_gone else ("200", "201", "204"), body)
        is_json = not any(word in line for word in ("/events", "/feed", "format=csv"))
        if status != "204" and is_json:
            json.loads(body)

    def test_every_endpoint_has_a_curl_line(self):
        routes = (ROOT / "include/comments/api/routes.ipp").read_text()
        documented = (ROOT / "docs/http-api.md").read_text()
        typed = "\n".join(commands("docs/http-api.md"))
        for method, path in re.findall(r'add\("(\w+) (/[^"]+)"', routes):
            if not path.startswith("/api/"):
                self.assertIn(f"`{method} {path}`", documented)
                continue
            with self.subTest(f"{method} {path}"):
                shape = re.escape(path).replace(r"\{id\}", r"\$ID")
                shape = re.sub(r"\\\{\w+\\\}", "1", shape)
                lines = [
                    line for line in typed.splitlines()
                    if re.search(rf"localhost:8000{shape}(?![\w/$])", line)
                ]
                wanted = {"GET": lambda l: "-X" not in l and " -d " not in l,
                          "POST": lambda l: " -d " in l and not re.search("-X P(ATCH|UT)", l)}
                is_it = wanted.get(method, lambda l, m=method: f"-X {m}" in l)
                self.assertTrue([line for line in lines if is_it(line)], "no curl line")

    def test_every_dev_command_is_one_that_dev_knows(self):
        known = subprocess.run(
            [ROOT / "dev", "help"], capture_output=True, text=True, check=True
        ).stdout
        for line in commands("README.md") + commands("CONTRIBUTING.md"):
            if line.startswith("./dev"):
                self.assertIn(" ".join(line.split()[:2]), known)

    def test_the_embedding_example_compiles(self):
        code = re.search(r"```cpp\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
        self.assertLessEqual(len(code.splitlines()), 20)
        flags = subprocess.run(
            ["pkg-config", "--cflags", "cpp-httplib", "nlohmann_json", "sqlite3", "libcrypto"],
            capture_output=True, text=True, check=True,
        ).stdout.split()
        compiler = [shutil.which("g++") or "c++", "-std=c++20", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(
            [*compiler, "-fsyntax-only", f"-I{ROOT}/include", *flags, "-x", "c++", "-"],
            input=code, text=True, check=True,
        )


if __name__ == "__main__":
    support.main()
