"""A `yaml-language-server` over its standard streams: as much of the protocol as an editor needs.

It is told to fetch nothing: no schema store, no store of Kubernetes.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json: TypeAlias = dict[str, Any]

HERE = Path(__file__).parent
PROGRAM = HERE.parent / "npm/node_modules/yaml-language-server/bin/yaml-language-server"
PATIENCE = 120
_OFFLINE: Json = {
    "schemaStore": {"enable": False},
    "kubernetesCRDStore": {"enable": False},
    "completion": True,
    "hover": True,
    "validate": True,
}


def missing() -> str:
    """Why there is no language server here, or nothing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "there is no node and npm to run yaml-language-server with"
    return "" if PROGRAM.exists() else "yaml-language-server is not installed: `make npm`"


class Editor:
    """What an editor does with documents in a directory."""

    def __init__(self, process: subprocess.Popen[bytes], root: Path, yaml: Json) -> None:
        self._process = process
        self._root = root
        self._yaml = yaml
        self._number = 0
        self._unread = b""
        self._configured = False
        self._diagnostics: dict[str, list[Json]] = {}

    def start(self) -> None:
        """Introduce the editor, and wait until the server has its settings."""
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {
                "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                "hover": {"contentFormat": ["markdown"]},
            },
        }
        root = self._root.as_uri()
        asked = {"processId": os.getpid(), "rootUri": root, "capabilities": capabilities}
        self.ask("initialize", asked)
        self._tell("initialized", {})
        while not self._configured:
            self._take(self._read())

    def open(self, texts: Mapping[str, str]) -> None:
        """Open documents."""
        for name, text in texts.items():
            document = {"uri": self._uri(name), "languageId": "yaml", "version": 1, "text": text}
            self._tell("textDocument/didOpen", {"textDocument": document})

    def mistakes(self, *names: str) -> dict[str, list[Json]]:
        """What is found wrong with documents that were opened."""
        while not all(self._uri(name) in self._diagnostics for name in names):
            self._take(self._read())
        return {name: self._diagnostics[self._uri(name)] for name in names}

    def complete(self, name: str, line: int, column: int) -> list[Json]:
        """What is proposed at a place, both numbers from 0."""
        found = self.ask("textDocument/completion", self._at(name, line, column))
        items: list[Json] = found["items"] if isinstance(found, dict) else found
        return items

    def hover(self, name: str, line: int, column: int) -> str:
        """What is shown of a place, as Markdown."""
        found = self.ask("textDocument/hover", self._at(name, line, column))
        return str(found["contents"]["value"]) if found else ""

    def ask(self, method: str, params: Json) -> Any:  # noqa: ANN401 - whatever it answers
        """Ask something, and wait for the answer."""
        self._number += 1
        self._write({"id": self._number, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._take(message)

    def _uri(self, name: str) -> str:
        return (self._root / name).as_uri()

    def _at(self, name: str, line: int, column: int) -> Json:
        position = {"line": line, "character": column}
        return {"textDocument": {"uri": self._uri(name)}, "position": position}

    def _take(self, message: Mapping[str, Any]) -> None:
        method = message.get("method", "")
        if method == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif method == "workspace/configuration":
            sections = [item["section"] for item in message["params"]["items"]]
            result = [self._yaml if section == "yaml" else {} for section in sections]
            self._write({"id": message["id"], "result": result})
            self._configured = True
        elif "id" in message:
            self._write({"id": message["id"], "result": None})

    def _tell(self, method: str, params: Json) -> None:
        self._write({"method": method, "params": params})

    def _write(self, message: Json) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._process.stdin.flush()

    def _read(self) -> Json:
        while b"\r\n\r\n" not in self._unread:
            self._more()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(self._unread) < length:
            self._more()
        content, self._unread = self._unread[:length], self._unread[length:]
        message: Json = json.loads(content)
        return message

    def _more(self) -> None:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        assert ready, "the language server says nothing"
        piece = os.read(self._process.stdout.fileno(), 1 << 16)
        assert piece, "the language server has ended"
        self._unread += piece


@contextmanager
def editor(root: Path, settings: Mapping[str, Any]) -> Iterator[Editor]:
    """An editor whose project is a directory; `settings` are more of the section `yaml`.

    Where the server wants to reach the network, it leaves a word in `root/network`, and fails.
    """
    with subprocess.Popen(
        [
            shutil.which("node") or "",
            "--require",
            str(HERE / "no_network.cjs"),
            str(PROGRAM),
            "--stdio",
        ],
        cwd=root,
        env={**os.environ, "NETWORK_LOG": str(root / "network")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            started = Editor(process, root, {**_OFFLINE, **settings})
            started.start()
            yield started
        finally:
            process.kill()
