"""`confsync explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from confsync.cli.status import Status
from confsync.report.explain import everything_text, pages_text, rule_text
from confsync.rules.rule import Rule
from confsync.workflow.explain import Everything
from confsync.workflow.explain import explain as run

if TYPE_CHECKING:
    from confsync.cli.console import Console


@click.command()
@click.argument("name", default="")
@click.pass_obj
def explain(console: Console, name: str) -> Status:
    """Say what NAME is: a rule or risk, a field, a variant. Offline.

    A rule's id stands in brackets behind each problem. A field may be named by its path, like
    authSecret/secret. Without NAME: a list of all.
    """
    match run(name):
        case Rule() as rule:
            text = rule_text(rule)
        case Everything(rules=rules, names=names):
            text = everything_text(rules, names)
        case pages:
            text = pages_text(pages)
    console.print(text)
    return Status.DONE
