"""What is known of a run from its environment, as each CI system documents its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.workflow.run import change, run_url, who

if TYPE_CHECKING:
    from collections.abc import Mapping

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example.com",
    "GITHUB_REPOSITORY": "mail/config",
    "GITHUB_RUN_ID": "17",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_REF": "refs/heads/main",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_JOB_URL": "https://gitlab.example.com/mail/config/-/jobs/17",
    "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example.com/mail/config",
}
JENKINS = {
    "JENKINS_URL": "https://jenkins.example.com/",
    "BUILD_URL": "https://jenkins.example.com/job/mail/17/",
    "CHANGE_URL": "https://git.example.com/pulls/5",
}
RUN = "https://github.example.com/mail/config/actions/runs/17"


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        (GITHUB, f"{RUN}/attempts/2"),
        ({**GITHUB, "GITHUB_RUN_ATTEMPT": ""}, RUN),
        ({**GITHUB, "GITHUB_SERVER_URL": ""}, ""),
        ({**GITHUB, "GITHUB_ACTIONS": ""}, ""),
        (GITLAB, GITLAB["CI_JOB_URL"]),
        (JENKINS, JENKINS["BUILD_URL"]),
        ({**JENKINS, "BUILD_URL": "https://u:Canary@h/"}, "https://u:****@h/"),
        ({**JENKINS, "BUILD_URL": "https://h/\x1b[1m"}, "https://h/\\x1b[1m"),
        ({"USER": "ada"}, ""),
    ],
)
def test_a_run_has_its_page(environment: Mapping[str, str], url: str) -> None:
    assert run_url(environment) == url


@pytest.mark.parametrize(
    ("environment", "number", "url"),
    [
        (
            {**GITHUB, "GITHUB_REF": "refs/pull/5/merge"},
            5,
            "https://github.example.com/mail/config/pull/5",
        ),
        (
            {**GITLAB, "CI_MERGE_REQUEST_IID": "5"},
            5,
            "https://gitlab.example.com/mail/config/-/merge_requests/5",
        ),
        ({**JENKINS, "CHANGE_ID": "5"}, 5, JENKINS["CHANGE_URL"]),
    ],
)
def test_a_job_for_a_change_has_its_number_and_page(
    environment: Mapping[str, str], number: int, url: str
) -> None:
    assert change(environment) == {"number": number, "url": url}


@pytest.mark.parametrize(
    "environment",
    [
        GITHUB,
        GITLAB,
        JENKINS,
        {**GITHUB, "GITHUB_REF": "refs/heads/refs/pull/5/merge"},
        {**GITHUB, "GITHUB_REF": "refs/pull/\N{ARABIC-INDIC DIGIT FIVE}/merge"},
        {**GITLAB, "CI_MERGE_REQUEST_IID": "five"},
        {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "5"},
        {"GITHUB_REF": "refs/pull/5/merge"},
    ],
)
def test_a_job_on_a_branch_has_no_change(environment: Mapping[str, str]) -> None:
    assert change(environment) == {}


def test_who_started_this_attempt_is_the_user_and_who_started_the_first_is_named_too() -> None:
    first = {**GITHUB, "GITHUB_ACTOR": "ada"}
    assert who(first)["user"] == "ada"
    assert "actor" not in who(first)
    assert "actor" not in who({**first, "GITHUB_TRIGGERING_ACTOR": "ada"})
    found = who({**first, "GITHUB_TRIGGERING_ACTOR": "grace"})
    assert (found["user"], found["actor"]) == ("grace", "ada")


def test_a_second_name_outside_of_github_is_no_actor() -> None:
    assert who({"SUDO_USER": "ada", "USER": "root"}) == {"user": "ada"}
