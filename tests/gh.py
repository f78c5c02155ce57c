"""A stand-in for GitHub's `gh` in the pipelines: answers in the form of its API, from a file, which
real jq filters.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import jq  # type: ignore[import-not-found] # it has no types

BOT = "github-actions[bot]"
REPOSITORY = "repos/mail/config"
ISSUE = 7


def main(words: list[str]) -> None:
    """Answer one command."""
    file = Path(os.environ["GH_STATE"])
    state = json.loads(file.read_text())
    answer = api(words[1:], state) if words[0] == "api" else other(words, state)
    file.write_text(json.dumps(state))
    if "--jq" in words:
        # As gh prints results: a line each, texts as they are.
        found = jq.compile(after(words, "--jq")).input_value(answer).all()
        lines = (one if isinstance(one, str) else json.dumps(one) for one in found)
        sys.stdout.writelines(f"{line}\n" for line in lines)


def api(words: list[str], state: Any) -> object:  # noqa: ANN401 - JSON
    """A request, by its path."""
    comments, one_comment = f"{REPOSITORY}/issues/1/comments", f"{REPOSITORY}/issues/comments/"
    pulls = f"{REPOSITORY}/commits/{os.environ['GITHUB_SHA']}/pulls"
    match words:
        case [path, "--jq", _] if path == pulls:
            return state["pulls"]
        case [path, "--paginate", *_] if path == comments:
            return state["comments"]
        case [path, "-F", _] if path == comments:
            number = len(state["comments"]) + 1
            made = {"id": number, "user": {"login": BOT}, "body": body(words)}
            state["comments"].append(made)
        case ["--method", "PATCH", path, *_] if path.startswith(one_comment):
            number = int(path.removeprefix(one_comment))
            state["comments"][number - 1]["body"] = body(words)
        case _:
            sys.exit(f"gh api: {words}")
    return None


def other(words: list[str], state: Any) -> object:  # noqa: ANN401 - JSON
    """The commands about runs and issues, with the members that they ask for."""
    match words[:2]:
        case ["run", "list"]:
            return runs(words, state)
        case ["issue", "list"]:
            assert after(words, "--json") == "number"
            return [{"number": ISSUE}] if state["issue"] else []
        case ["issue", "create"]:
            state["issue"] = Path(after(words, "--body-file")).read_text()
        case ["issue", "edit"] if words[2] == str(ISSUE):
            state["issue"] = "edited"
        case ["issue", "close"] if words[2] == str(ISSUE):
            state["issue"] = ""
        case _:
            sys.exit(f"gh: {words}")
    return None


def runs(words: list[str], state: Any) -> object:  # noqa: ANN401 - JSON
    """Runs of the workflow, the newest first: that of a night, of a pull request, of a merge."""
    members = after(words, "--json").split(",")
    night = {"event": "schedule", "databaseId": 3, "conclusion": state["night"]}
    review = {"event": "pull_request", "databaseId": 2}
    merge = {"event": "push", "databaseId": state["newest"], "headSha": state["applied"]}
    old = {"event": "workflow_dispatch", "databaseId": 0, "headSha": "0" * 40}
    known: list[dict[str, object]] = [
        night | {"createdAt": "2026-11-28T05:23:00Z", "headSha": "1" * 40},
        review | {"createdAt": "2026-11-27T12:00:00Z", "headSha": "1" * 40},
        merge | {"createdAt": "2026-11-27T11:00:00Z"},
        old | {"createdAt": "2026-11-26T11:00:00Z"},
    ]
    if "--event" in words:
        event = after(words, "--event")
        known = [one for one in known if one["event"] == event and one.get("conclusion", "x")]
    limit = int(after(words, "--limit")) if "--limit" in words else 20
    return [{name: one[name] for name in members} for one in known[:limit]]


def after(words: list[str], option: str) -> str:
    """The value of an option."""
    return words[words.index(option) + 1]


def body(words: list[str]) -> str:
    """The text of a new comment."""
    return Path(after(words, "-F").removeprefix("body=@")).read_text()


if __name__ == "__main__":
    main(sys.argv[1:])
