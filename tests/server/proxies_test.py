"""proxies_test - the server behind nginx, HAProxy, Caddy and Apache, by the files that we hand out.

Each file shows the server on a host of its own and below a path of another. The files are taken as
they are, but for addresses; as a user who is not root, from a temporary folder.
"""
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path
from urllib.parse import quote, urlencode, urljoin

from people import ACTIONS, BEHIND_PROXY, MODERATOR, SECRETS, bearer
from support import PATIENCE, POST, Answer, Server, free_port, main, until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/proxies"
OWNER = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
OWN_HOST, BELOW = ("comments.example.com", ""), ("www.example.com", "/comments")
FORGED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class Proxy:
    """A program that stands in front of a server. `program` is where Debian has it."""

    def __init__(self, name, program, file, main_file, command, ending=signal.SIGTERM):
        self.name, self.program, self.file = name, shutil.which(program, path=PATHS), file
        self.main_file, self.command, self.ending = main_file, command, ending

    @contextlib.contextmanager
    def before(self, server, text=None):
        """Runs it by the example, or by another text of that kind; its port."""
        port = free_port()
        text = text or (EXAMPLES / self.file).read_text()
        for written, meant in [("127.0.0.1:8000", f"127.0.0.1:{server.port}"),
                               ("listen 80;", f"listen 127.0.0.1:{port};"),
                               ("bind :80\n", f"bind 127.0.0.1:{port}\n"),
                               ("*:80>", f"127.0.0.1:{port}>"),
                               (".example.com {", f".example.com:{port} {{")]:
            text = text.replace(written, meant)
        with tempfile.TemporaryDirectory(prefix="comments-", dir="/tmp") as folder:
            folder = Path(folder)
            values = {"folder": folder, "port": port, "text": text}
            (folder / "main").write_text(self.main_file.format(**values))
            if OWNER:
                shutil.chown(folder, OWNER["user"], OWNER["group"])
            with open(folder / "log", "w") as log:
                process = subprocess.Popen(
                    [self.program, *(part.format(**values) for part in self.command)], cwd=folder,
                    env={"HOME": str(folder), "XDG_DATA_HOME": str(folder), "PATH": PATHS},
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True, **OWNER)
            try:
                until(lambda: self.is_up(process, port, folder / "log"), self.name)
                yield port
            finally:
                os.killpg(process.pid, self.ending)
                process.wait(PATIENCE)

    def is_up(self, process, port, log):
        if process.poll() is not None:
            raise AssertionError(f"{self.name} left:\n{log.read_text()}")
        with contextlib.suppress(ConnectionError), contextlib.closing(
                http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as asking:
            asking.request("GET", "/healthz", headers={"Host": OWN_HOST[0]})
            return asking.getresponse().status == 200
        return False


PATHS = "/usr/sbin:/usr/bin:/sbin:/bin"
NGINX = Proxy("nginx", "nginx", "nginx.conf", """
daemon off;
pid {folder}/pid;
error_log stderr;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{text}
}}
""", ["-p", "{folder}", "-e", "stderr", "-c", "{folder}/main"])
HAPROXY = Proxy("HAProxy", "haproxy", "haproxy.cfg", "{text}", ["-db", "-f", "{folder}/main"])
CADDY = Proxy("Caddy", "caddy", "Caddyfile", """{{
	admin off
	default_bind 127.0.0.1
}}
{text}
""", ["run", "--adapter", "caddyfile", "--config", "{folder}/main"])
APACHE = Proxy("Apache", "apache2", "apache.conf", """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Mutex fcntl:{folder}
ErrorLog {folder}/error
Listen 127.0.0.1:{port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
StartServers 1
ThreadsPerChild 25
{text}
""", ["-D", "FOREGROUND", "-f", "{folder}/main"], signal.SIGKILL)  # else it waits for live events


class Site:
    """The server as a reader meets it: behind a proxy, on a host, below a path."""

    def __init__(self, port, place):
        self.port, (self.host, self.path) = port, place

    @contextlib.contextmanager
    def asking(self, method, target, body=None, headers=None, reader="127.0.0.2"):
        """A response that is not read yet, to a reader at an address of the loopback's."""
        if isinstance(body, dict):
            body = json.dumps(body)
            headers = {"Content-Type": "application/json"} | (headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE,
                                                source_address=(reader, 0))
        with contextlib.closing(connection):
            connection.request(method, target, body,
                               {"Host": f"{self.host}:{self.port}"} | (headers or {}))
            yield connection.getresponse()

    def request(self, method, target, body=None, headers=None, reader="127.0.0.2"):
        """An answer below the path."""
        return self.fetch(self.path + target, method, body, headers, reader)

    def fetch(self, target, method="GET", body=None, headers=None, reader="127.0.0.2"):
        """An answer at an address as pages and links name it."""
        with self.asking(method, target, body, headers, reader) as response:
            return Answer(response)

    def get(self, target):
        return self.request("GET", target)

    def post(self, content_id, body="Oi", **more):
        return self.request("POST", POST, {"content_id": content_id, "body": body} | more)


class Handed(unittest.TestCase):
    """The files that we hand out. One server is behind all of them."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(
            "--store", "memory:", "--drain-delay", "0", *SECRETS, *BEHIND_PROXY))

    def check(self, proxy):
        if not proxy.program:
            self.skipTest(f"{proxy.name} is not installed")
        port = self.enterContext(proxy.before(self.server))
        for place in (OWN_HOST, BELOW):
            site, content_id = Site(port, place), f"{proxy.name}{place[1]}"
            for check in (self.check_links, self.check_readers, self.check_live, self.check_desk,
                          self.check_pages):
                with self.subTest(proxy=proxy.name, place="".join(place), check=check.__name__):
                    check(site, content_id)
        with self.subTest("nothing was wrong with the proxy"):
            self.assertEqual(self.server.request(
                "GET", "/api/v1/moderation/notices", headers=bearer(MODERATOR)).json["items"], [])

    def check_links(self, site, content_id):
        """What the server answers leads back through the proxy."""
        for body in ("one", "two"):
            made = site.post(content_id, body)
            self.assertEqual(made.status, 201, made)
        self.assertEqual(made.headers["Location"], f"{site.path}{POST}/{made.json['id']}")
        self.assertEqual(site.fetch(made.headers["Location"]).json["body"], "two")
        page = site.get(f"{POST}?{urlencode({'content_id': content_id, 'limit': 1})}")
        (link,) = re.fullmatch(r'<(.*)>; rel="next"', page.headers["Link"]).groups()
        self.assertTrue(link.startswith(f"{site.path}{POST}?"), link)
        self.assertEqual([item["body"] for item in site.fetch(link).json["items"]], ["two"])
        atom = site.get(f"/api/v1/feed?{urlencode({'content_id': content_id})}").body.decode()
        addresses = re.findall(r'href="(.*?)"', atom)
        self.assertGreater(len(addresses), 2)
        for address in addresses:
            self.assertEqual(site.fetch(address).status, 200, address)

    def check_readers(self, site, content_id):
        """Readers are told apart by their addresses, and by nothing that they send."""
        vote = f"{POST}/{site.post(content_id).json['id']}/vote"
        for reader in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
            for i in range(3):
                forged = {name: f"203.0.113.{i}" for name in FORGED}
                answer = site.request("PUT", vote, None, forged, reader)
                self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["votes"], 3)

    def check_live(self, site, content_id):
        """A comment is announced while the stream goes on: nothing on the way waits for its end."""
        query = urlencode({"content_id": content_id, "after": 0})
        with site.asking("GET", f"{site.path}/api/v1/events?{query}") as stream:
            self.assertEqual(stream.status, 200)
            self.assertIn("text/event-stream", stream.headers["Content-Type"])
            made = site.post(content_id, "live").json["id"]
            until(lambda: made.encode() in stream.readline(), "the event")

    def check_desk(self, site, _):
        """Contents that no path can name are locked from the desk."""
        for name in ("a/b", "/blog/../a post/", ".", "..", "a%2Fb"):
            content_id = f"{site.path}{name}" if "/" in name else name
            site.post(content_id)
            at = f"/api/v1/contents?content_id={quote(content_id, safe='')}"
            for status in ("locked", "open"):
                done = site.request("PATCH", at, {"status": status}, bearer(MODERATOR))
                self.assertEqual(done.status, 200, done)
                self.assertEqual(site.get(at).json["content_id"], content_id)
                self.assertEqual(site.get(at).json["status"], status)
            posted = site.post(content_id)
            self.assertEqual(posted.status, 201, posted)
            held = site.request("POST", ACTIONS, {"ids": [posted.json["id"]], "action": "hold"},
                                bearer(MODERATOR))
            self.assertEqual(held.status, 200, held)

    def check_pages(self, site, content_id):
        """Pages work: what they name is there, and their form posts."""
        address = f"{site.path}/contents?{urlencode({'content_id': content_id})}"
        for page in (address, f"{site.path}/contents/{quote(content_id.partition('/')[0])}",
                     f"{site.path}/", f"{site.path}/moderation", f"{site.path}/status"):
            html = site.fetch(page)
            self.assertEqual(html.status, 200, page)
            named = re.findall(r'<(?:link|script) [^<>]*"([^"#?:]+\.(?:css|js|svg))"',
                               html.body.decode())
            self.assertTrue(named, page)
            for name in named:
                self.assertEqual(site.fetch(urljoin(page, name)).status, 200, (page, name))
        self.assertEqual(site.get("/embed.js").status, 200)
        # As a browser sends it that knows no Sec-Fetch-Site: the proxy must pass on the Host.
        form = {"Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://{site.host}:{site.port}"}
        posted = site.fetch(address, "POST", urlencode({"body": "by the form"}), form)
        self.assertEqual(posted.status, 303, posted)
        other = form | {"Origin": "http://evil.example.com"}
        self.assertEqual(site.fetch(address, "POST", urlencode({"body": "x"}), other).status, 403)
        shown = urljoin(address, posted.headers["Location"]).partition("#")[0]
        self.assertIn(b"by the form", site.fetch(shown).body)

    def test_nginx(self):
        self.check(NGINX)

    def test_haproxy(self):
        self.check(HAPROXY)

    def test_caddy(self):
        self.check(CADDY)

    def test_apache(self):
        self.check(APACHE)


@unittest.skipUnless(NGINX.program, "nginx is not installed")
class Bare(unittest.TestCase):
    """Behind a proxy that sets nothing, as `proxy_pass` alone."""

    CONFIGURATION = "server { listen 80; location / { proxy_pass http://127.0.0.1:8000/; } }"
    NOTICES = "/api/v1/moderation/notices"

    def serve(self, *options):
        return self.enterContext(Server("--store", "memory:", "--drain-delay", "0", *SECRETS,
                                        *options))

    def test_invented_headers_are_one_voter_and_the_first_one_is_told(self):
        server = self.serve()
        site = Site(self.enterContext(NGINX.before(server, self.CONFIGURATION)), OWN_HOST)
        self.assertEqual(server.request("GET", self.NOTICES, headers=bearer(MODERATOR)).json,
                         {"items": [], "next": None})
        self.assertNotIn(b"proxy", site.get("/status").body)
        one = f"{POST}/{site.post('1').json['id']}"
        for name in FORGED:
            for i in range(5):
                forged = {name: f"for=203.0.113.{i}" if name == "Forwarded" else f"203.0.113.{i}"}
                site.request("PUT", f"{one}/vote", None, forged)
                site.request("POST", f"{one}/reports", {"reason": "x"}, forged)
        seen = site.get(one).json
        self.assertEqual((seen["votes"], seen["status"]), (1, "published"))
        (told,) = server.told("proxy_unheard")
        self.assertEqual((told["header"], told["address"]), ("X-Forwarded-For", "127.0.0.1"))
        self.assertIn("--trusted-proxies 127.0.0.1;", told["advice"])
        (notice,) = server.request("GET", self.NOTICES, headers=bearer(MODERATOR)).json["items"]
        self.assertEqual((notice["code"], notice["address"]), ("untrusted_proxy", "127.0.0.1"))
        for said in ("--trusted-proxies 127.0.0.1",
                     "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for"):
            self.assertIn(said, site.get("/status").body.decode())
            self.assertIn(said, notice["detail"])

    def test_below_a_path_that_is_passed_on_whole_the_option_is_enough(self):
        server = self.serve("--path-prefix", "/comments")
        whole = self.CONFIGURATION.replace("location /", "location /comments/").replace(
            ":8000/;", ":8000; } location = /healthz { proxy_pass http://127.0.0.1:8000;")
        site = Site(self.enterContext(NGINX.before(server, whole)), BELOW)
        made = site.post("a/b")
        self.assertEqual(site.fetch(made.headers["Location"]).json["id"], made.json["id"])
        self.assertEqual(site.get("/contents/a%2Fb").status, 200)  # which nginx leaves alone here
        self.assertEqual(site.get("/nothing").json["instance"], "/comments/nothing")


if __name__ == "__main__":
    main()
