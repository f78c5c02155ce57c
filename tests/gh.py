"""A stand-in for GitHub's `gh` in the pipelines: answers in the form of its API, from a file. Real
jq filters them, and GraphQL is checked and answered by a library.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import graphql
import jq  # type: ignore[import-not-found] # it has no types

BOT = "github-actions[bot]"
REPOSITORY = "repos/mail/config"
ISSUE = 7
# The part of GitHub's public schema that the pipelines ask for.
SCHEMA = """
  type Query { repository(owner: String!, name: String!, followRenames: Boolean): Repository }
  type Repository {
    deployments(environments: [String!], first: Int, last: Int, after: String, before: String,
      orderBy: DeploymentOrder = {field: CREATED_AT, direction: ASC}): DeploymentConnection!
  }
  input DeploymentOrder { field: DeploymentOrderField!, direction: OrderDirection! }
  enum DeploymentOrderField { CREATED_AT }
  enum OrderDirection { ASC DESC }
  type DeploymentConnection { nodes: [Deployment], totalCount: Int! }
  type Deployment { commitOid: String!, environment: String, state: DeploymentState }
  enum DeploymentState {
    ABANDONED ACTIVE DESTROYED ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING
  }
"""


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
            return deployments(words, state["applied"])
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


def deployments(words: list[str], applied: str) -> object:
    """The answer to a GraphQL request: of 102 deployments, the newest is elsewhere."""
    given = [value for word, value in pairwise(words) if word in {"-f", "-F"}]
    asked = dict(one.split("=", 1) for one in given)
    assert (asked["owner"], asked["name"]) == ("{owner}", "{repo}"), "gh puts in the repository's"
    made = [("0" * 40, "production", "INACTIVE")] * 100
    made += [(applied, "production", "ACTIVE"), ("1" * 40, "staging", "ACTIVE")]

    def found(_: object, **arguments: Any) -> object:  # noqa: ANN401 - GraphQL's
        nodes = [
            {"commitOid": commit, "environment": environment, "state": state}
            for commit, environment, state in made
            if environment in arguments["environments"]
        ]
        order = -1 if arguments["orderBy"]["direction"] == "DESC" else 1
        return {"nodes": nodes[::order][: arguments["first"]]}

    done = graphql.graphql_sync(
        graphql.build_schema(SCHEMA),
        asked.pop("query"),
        root_value={"repository": {"deployments": found}},
        variable_values=asked,
    )
    assert done.errors is None, done.errors
    return done.formatted


def other(words: list[str], state: Any) -> object:  # noqa: ANN401 - JSON
    """The commands about runs and issues, with the members that they ask for."""
    match words[:2]:
        case ["run", "list"]:
            if after(words, "--status") == "success":
                # That of a night may wait for its apply.
                commits = {"schedule": "1" * 40, "pull_request": "0" * 40, "push": state["applied"]}
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
