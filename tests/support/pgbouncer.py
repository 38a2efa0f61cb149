"""pgbouncer - a PgBouncer of one's own, in front of a PostgreSQL, in a folder that goes with it.

    with Postgres(folder / "primary") as primary, Pooler(folder, primary, "transaction") as pooler:
        Server("--store", f"postgresql://ana@127.0.0.1:{pooler.port}/ana")
        pooler.restart()
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess

from postgres import ENVIRONMENT, OWNER, free_port
from waiting import PATIENCE, until

PROGRAM = shutil.which("pgbouncer", path=os.defpath + ":/usr/sbin:/usr/local/sbin")


class Pooler:
    """One for each mode: session, transaction. Further arguments are its settings."""

    def __init__(self, folder, behind, mode, **settings):
        self.port = free_port()
        self.folder = folder / f"pooler-{self.port}"
        self.settings = {
            "listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "",
            "auth_type": "any", "pool_mode": mode, "default_pool_size": 5,
            "max_client_conn": 500, "server_login_retry": 1} | settings
        # Whoever asks, the database's owner asks: what is tested here is not who may.
        self.databases = f"* = host=127.0.0.1 port={behind.port} user=postgres"

    def __enter__(self):
        self.folder.mkdir()
        lines = [f"{name} = {value}" for name, value in self.settings.items()]
        (self.folder / "ini").write_text(
            "\n".join(["[databases]", self.databases, "[pgbouncer]", *lines, ""]))
        if OWNER:
            shutil.chown(self.folder, OWNER["user"], OWNER["group"])
        self.start()
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, self.folder / "ini"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd="/", env=ENVIRONMENT, start_new_session=True, **OWNER)
        until(self.is_up, "the pooler")

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"PgBouncer left:\n{(self.folder / 'log').read_text()}")
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
            return True
        return False

    def stop(self, how):
        """Ends it: SIGINT once its clients are between two transactions, SIGTERM at once."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        self.start()
