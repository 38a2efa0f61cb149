"""processes - what a benchmark starts, watches and ends: servers, their CPU time and their memory.

Everything listens on the loopback, works in one temporary folder, and is ended by its process id.
"""
import contextlib
import http.client
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 60  # seconds


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def family(pid):
    """A process and all that descend from it."""
    pids = [pid]
    for one in pids:  # grows while it is walked
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                pids += map(int, children.read_text().split())
    return pids


def cpu_seconds(pid):
    """Used so far by a process, its children, and those of them that have ended."""
    ticks = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            after_name = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, after_name[11:15]))  # utime, stime, cutime, cstime
    return ticks / TICK


def peak_bytes(pid):
    """The most that was resident, of the process alone."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def memory_bytes(pid):
    """Resident, of the process and its children."""
    kilobytes = 0
    for one in family(pid):
        for line in Path(f"/proc/{one}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                kilobytes += int(line.split()[1])
    return kilobytes * 1024


class Process:
    """A server that runs while its `with` does. It is up once `port` takes connections."""

    def __init__(self, command, folder, port=None, socket_path=None, **more):
        self.command, self.folder, self.port = [str(part) for part in command], folder, port
        self.socket_path, self.more = socket_path, more

    def __enter__(self):
        self.log = open(Path(self.folder) / f"{Path(self.command[0]).name}.log", "ab")
        with contextlib.ExitStack() as stack:
            stack.callback(self.log.close)
            self.process = subprocess.Popen(self.command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=self.log, stderr=self.log, **self.more)
            self.pid = self.process.pid
            stack.callback(self.end)
            self.wait_until_up()
            self.stack = stack.pop_all()
        return self

    def wait_until_up(self):
        end = time.monotonic() + PATIENCE
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.command[0]} does not come up: "
                                   + Path(self.log.name).read_text()[-500:])
            time.sleep(0.001)

    def is_up(self):
        kind, at = ((socket.AF_UNIX, str(self.socket_path)) if self.socket_path
                    else (socket.AF_INET, ("127.0.0.1", self.port)))
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(at) == 0

    def __exit__(self, *_):
        self.stack.close()

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def request(self, method, target, body=None):
        """(status, headers, body) of one request."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port)) as connection:
            sent = None if body is None else json.dumps(body)
            connection.request(method, target, sent, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()


def server(binary, store, folder, log_level="warn", *more, guard="off"):
    """The server under test."""
    port = free_port()
    return Process(server_command(binary, store, port, log_level, *more, guard=guard), folder, port)


def server_command(binary, store, port, log_level="warn", *more, guard="off"):
    """What asks it are a few clients and no crowd, so its guard is off."""
    return [binary, "--store", store, "--listen", f"127.0.0.1:{port}", "--drain-delay", "0",
            "--client-connections-max", "1000000", "--log-level", log_level,
            "--guard", guard, *more]


NGINX = """
daemon off;
worker_processes {workers};
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log nginx-error.log;
events {{ worker_connections 15000; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  default_type application/json;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder};
    location = /empty {{ return 200; }}
  }}
}}
"""


def nginx(folder):
    """nginx with Debian's defaults but for the access log; it serves the files of `folder`."""
    os.chmod(folder, 0o755)  # its workers may be another user's
    port = free_port()
    config = Path(folder) / "nginx.conf"
    config.write_text(NGINX.format(port=port, folder=folder, workers=os.cpu_count()))
    return Process(nginx_command(folder, config), folder, port)


def nginx_command(folder, config):
    return [shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx", "-c", config, "-p", folder,
            "-e", Path(folder) / "nginx-error.log"]


class Postgres:
    """A cluster of its own, on a Unix socket, with pgbench beside it. Never as root."""

    def __init__(self, folder, schema, name="postgres"):
        self.folder, self.schema = Path(folder) / name, schema
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parts[-2]))
        self.user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}

    def run(self, name, *arguments, text=None):
        return subprocess.run([self.bin / name, *map(str, arguments)], cwd=self.folder, check=True,
                              input=text, capture_output=True, text=True, timeout=120,
                              **self.user).stdout

    def __enter__(self):
        self.folder.mkdir()
        if self.user:
            owner = pwd.getpwnam("postgres")
            os.chmod(self.folder.parent, 0o755)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "bench", "--no-sync",
                 "--locale", "C.UTF-8", "--encoding", "UTF8")
        self.process = Process(
            [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder,
             "-c", "listen_addresses=", "-c", "fsync=on", "-c", "synchronous_commit=on",
             "-c", "shared_buffers=256MB"],
            self.folder, socket_path=self.folder / ".s.PGSQL.5432", **self.user)
        self.process.__enter__()
        self.pid = self.process.pid
        self.psql("SELECT 1")
        self.psql(self.schema)
        return self

    def psql(self, text):
        """Waits for a server that is still starting."""
        for _ in range(100):
            with contextlib.suppress(subprocess.CalledProcessError):
                return self.run("psql", "-h", self.folder, "-U", "bench", "-v", "ON_ERROR_STOP=1",
                                "-q", "postgres", text=text)
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL does not take the schema")

    def __exit__(self, *_):
        self.process.__exit__()
