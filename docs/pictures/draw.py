"""Draw the pictures of the README: real runs at a terminal, as SVG, light and dark.

`make pictures` runs it. Port 8081 must be free: it is part of what is shown. A test compares the
words of the pictures with what is printed now.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import tempfile
import termios
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
DEMO = HERE.parent.parent / "examples" / "demo"
CONFSYNC = (sys.executable, "-m", "confsync")
WRONG = """\
InMemoryStore:
  '@type': Redis
  url: redis://cache.example.com:6379
  timeout: 10
  poolMaxConnection: 64
"""
OTHER = """\
InMemoryStore:
  '@type': Redis
  url: rediss://cache.example.com:6379
"""
SCENES = {
    "plan": ("plan --target production", 100),
    "plan-narrow": ("plan --target production", 60),
    "replace": ("plan --target staging", 100),
    "validate": ("validate stores/wrong.yaml", 100),
    "apply": ("apply --target production", 100),
}
"""Names of pictures: a command, and the columns of its terminal. Apply comes last: it changes the
server.
"""

PALETTES = {
    "light": {"": "#1f2328", "back": "#ffffff", "rim": "#d1d9e0", "1": "#1f2328", "2": "#6e7781",
              "31": "#cf222e", "32": "#1a7f37", "33": "#9a6700", "36": "#1b7c83"},
    "dark": {"": "#e6edf3", "back": "#0d1117", "rim": "#3d444d", "1": "#f0f6fc", "2": "#8b949e",
             "31": "#ff7b72", "32": "#3fb950", "33": "#d29922", "36": "#39c5cf"},
}  # fmt: skip
"""Colours by the codes of `confsync.report.printable.Look`."""

CHARACTER, LINE, RIM = 8.4, 19, 14  # pixels, for a font of 14 pixels


@contextmanager
def desk(port: str) -> Iterator[Path]:
    """A repository with two targets, and a running sandbox whose settings have drifted."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shutil.copytree(DEMO / "stores", directory / "stores")
        (directory / "stores/wrong.yaml").write_text(WRONG)
        (directory / "stores/redis.yaml").write_text(OTHER)
        shutil.copy(DEMO / "drifted.json", directory / "state.json")
        command = [*CONFSYNC, "sandbox", "--state", "state.json", "--port", port]
        with subprocess.Popen(
            command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server:
            try:
                url = server.stdout.readline().strip() if server.stdout else ""
                if not url:
                    sys.exit(f"the sandbox did not start: is port {port} free?")
                targets = {"production": "in-memory", "staging": "redis"}
                text = "".join(
                    f"  {one}: {{url: '{url}', files: [stores/{file}.yaml]}}\n"
                    for one, file in targets.items()
                )
                (directory / "confsync.yaml").write_text(f"targets:\n{text}")
                yield directory
            finally:
                server.terminate()


def shown(directory: Path, command: str, columns: int) -> str:
    """What a terminal shows of a run, with its colours. A question is answered with yes."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, columns))
    environment = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "STALWART_USER": "admin",
        "STALWART_PASSWORD": "sandbox",
        "REDIS_PASSWORD": "of-the-picture-alone",
    }
    arguments = [*CONFSYNC, *command.split()]
    with subprocess.Popen(
        arguments, cwd=directory, env=environment, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        text = b""
        # Reading from a terminal that nobody has open any more is an error.
        with suppress(OSError):
            while piece := os.read(master, 4096):
                text += piece
                if text.endswith(b"Type yes: "):
                    os.write(master, b"yes\n")
        os.close(master)
        process.wait()
    return f"$ confsync {command}\n{text.decode().replace(chr(13), '')}"


def drawn(text: str, columns: int, palette: dict[str, str]) -> str:
    """The SVG of a terminal with a text."""
    lines = text.rstrip("\n").split("\n")
    width, height = columns * CHARACTER + 2 * RIM, len(lines) * LINE + 2 * RIM
    rows = []
    for number, line in enumerate(lines):
        column, spans = 0, []
        for part in f"\x1b[0m{line}".split("\x1b[")[1:]:
            code, _, words = part.partition("m")
            color = palette[code.strip("0")]
            weight = ' font-weight="bold"' if code == "1" else ""
            x = RIM + column * CHARACTER
            column += len(words)
            if words.strip():
                # Other fonts are wider or narrower than this grid.
                place = f'x="{x:.1f}" textLength="{len(words) * CHARACTER:.1f}"'
                spans.append(f'<tspan {place} fill="{color}"{weight}>{escape(words)}</tspan>')
        y = RIM + number * LINE + 14
        rows.append(f'<text y="{y}" xml:space="preserve">{"".join(spans)}</text>')
    font = "ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace"
    size = f'viewBox="0 0 {width:.0f} {height}" font-family="{font}" font-size="14"'
    box = f'width="{width - 1:.0f}" height="{height - 1}" rx="6"'
    back = f'<rect x="0.5" y="0.5" {box} fill="{palette["back"]}" stroke="{palette["rim"]}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([svg, back, *rows, "</svg>\n"])


def main() -> None:
    """Draw every scene in every palette."""
    with desk("8081") as directory:
        for name, (command, columns) in SCENES.items():
            text = shown(directory, command, columns)
            for shade, palette in PALETTES.items():
                (HERE / f"{name}-{shade}.svg").write_text(drawn(text, columns, palette), "utf-8")


if __name__ == "__main__":
    main()
