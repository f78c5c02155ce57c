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
        case ["graphql", *_]:
            old, new = ("0" * 40, "INACTIVE"), (state["applied"], "ACTIVE")
            nodes = [{"commitOid": commit, "state": of} for commit, of in (old, new)]
            return {"data": {"repository": {"deployments": {"nodes": nodes}}}}
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
            if after(words, "--status") == "success":
                commits = {"pull_request": "0" * 40, "push": state["applied"]}
                return [{"event": event, "headSha": of} for event, of in commits.items()]
            assert after(words, "--json") == "conclusion"
            return [{"conclusion": state["night"]}] if state["night"] else []
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


def after(words: list[str], option: str) -> str:
    """The value of an option."""
    return words[words.index(option) + 1]


def body(words: list[str]) -> str:
    """The text of a new comment."""
    return Path(after(words, "-F").removeprefix("body=@")).read_text()


if __name__ == "__main__":
    main(sys.argv[1:])
