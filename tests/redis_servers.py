"""Real Redis servers on loopback, each in a directory of its own, until the end of a `with`."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(PROGRAM is None, reason="no redis-server on this machine")
PATIENCE = 30


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Redises:
    """Servers by the text of their configuration: each is started once."""

    directory: Path
    ports: dict[str, int] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def port(self, *settings: str, sentinel: bool = False, tls: bool = False) -> int:
        """The port of a server with these settings."""
        key = "\n".join([*settings, f"# {sentinel} {tls}"])
        if key not in self.ports:
            self.ports[key] = self._started(settings, sentinel=sentinel, tls=tls)
        return self.ports[key]

    def _started(self, settings: tuple[str, ...], *, sentinel: bool, tls: bool) -> int:
        port, home = free_port(), self.directory / str(len(self.processes))
        home.mkdir()
        listening = ["port 0", f"tls-port {port}"] if tls else [f"port {port}"]
        lines = ["bind 127.0.0.1", f"dir {home}", *listening, *settings]
        if "cluster-enabled yes" in "\n".join(settings):
            lines.append(f"cluster-port {free_port()}")
        lines += [] if sentinel else ['save ""']
        (home / "redis.conf").write_text("\n".join([*lines, ""]))
        command = [PROGRAM or "", str(home / "redis.conf"), *(["--sentinel"] if sentinel else [])]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                assert process.poll() is None, "redis-server ended"
                assert time.monotonic() < end, "redis-server does not listen"
                time.sleep(0.02)
            else:
                return port

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
