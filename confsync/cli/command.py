"""What every command has: `-q`, `-v`, `--debug`, examples in its help, and known variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from confsync.cli.console import Console

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = {
    "CONFSYNC_HOSTS",
    "CONFSYNC_QUIET",
    "CONFSYNC_VERBOSE",
    "CONFSYNC_DEBUG",
    "CONFSYNC_CHECK",
}
"""The variables that are read; others are added as their options are made."""

_ON_SERVER = "stores/in-memory.yaml --url https://mail.example.com"
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "plan": ("--target staging", _ON_SERVER, "--target production --out production.plan"),
    "apply": ("--target staging", _ON_SERVER, "production.plan"),
    "validate": ("", "stores/in-memory.yaml", "--output github --output text=log"),
    "fmt": ("stores/in-memory.yaml", "--check"),
    "pull": (
        *("stores/in-memory.yaml", "--target production --diff"),
        "--all-objects --into stores",
    ),
    "import": ("snapshot.ndjson --into stores", "plan.ndjson --store stores/settings.yaml"),
    "show": ("--url https://mail.example.com", "--all", "production.plan"),
    "render": ("--group production", "stores/in-memory.yaml", "--all --output json"),
    "doctor": ("--all", "--group production --output json=doctor.json", _ON_SERVER),
    "targets": ("", "--group production", "--all --shard 1/4 --output matrix"),
    "audit": ("check audit.jsonl", "pending audit.jsonl --output json"),
    "report": (
        "plan.json --output html=plan.html",
        "shard-1.json shard-2.json --output markdown=plan.md",
    ),
    "init": ("--url https://mail.example.com", "mail --variant RedisCluster"),
    "schema": (
        "> stores.schema.json",
        "--config > confsync.config.schema.json",
        "--report apply > apply.schema.json",
        "--update --target production",
    ),
    "explain": ("plaintext-secret", "authSecret/secret"),
    "sandbox": ("--port 8080", "--state sandbox.json"),
}
"""Arguments of each command, as examples in its help."""

CREDENTIALS = """\
Credentials come from the environment: STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD. A
target of confsync.yaml can have its own."""
PAGES = "Documentation: docs/README.md in the repository of confsync"


_NO_VARIABLE = {"CONFSYNC_YES", "CONFSYNC_ALLOW", "CONFSYNC_ALLOW_COMMANDS", "CONFSYNC_NO_CONFIG",
                "CONFSYNC_INSECURE_HTTP", "CONFSYNC_EXPECT", "CONFSYNC_KEEP_GOING"}  # fmt: skip
"""Options that no variable can set."""


def _check_variables(console: Console) -> None:
    """Warn of a misspelt CONFSYNC_* variable, and of one that has no effect."""
    for name in sorted(os.environ):
        if name in _NO_VARIABLE:
            console.note(f"warning: {name} has no effect: pass the option itself\n")
        elif name.startswith("CONFSYNC_") and name not in VARIABLES:
            from difflib import get_close_matches

            for close in get_close_matches(name, VARIABLES, n=1, cutoff=0.9):
                console.note(f"warning: {name} has no effect; did you mean {close}?\n")


def verbosity() -> list[click.Parameter]:
    """`-q`, `-v` and `--debug`, for every command and before it."""

    def attach(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if not value or not isinstance(ctx.obj, Console):
            return
        if param.name == "quiet":
            ctx.obj.quiet = True
            return
        from confsync.cli.standard_error import attach

        attach(ctx.obj, debug=param.name == "debug")

    return [
        click.Option(
            names,
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=attach,
            envvar=variable,
            help=f"{text}  [env: {variable}]",
        )
        for names, text in (
            (["-q", "--quiet"], "No notes and no progress on standard error, only errors."),
            (["-v", "--verbose"], "Log each step to stderr."),
            (["--debug"], "Log more detail to stderr. Secrets are never logged."),
        )
        for variable in [f"CONFSYNC_{names[-1][2:].upper()}"]
    ]


_ONE_DASH = {
    *("-chdir", "-compact-warnings", "-destroy", "-diff", "-input", "-lock", "-lock-timeout"),
    *("-parallelism", "-recursive", "-refresh", "-refresh-only", "-replace", "-upgrade", "-var"),
    *("-var-file", "-version"),
}
"""Options of Terraform that none here is like; other words may be secrets."""


def _whole_option(
    error: click.NoSuchOption, args: list[str], ctx: click.Context
) -> click.NoSuchOption:
    """The error for an unknown option with one dash, with the whole word: click names a letter."""
    from confsync.cli.standard_error import ELSEWHERE

    known = {*ELSEWHERE, *(name for param in ctx.command.params for name in param.opts)}
    for word in (word.partition("=")[0] for word in args):
        like_ours = word.startswith(error.option_name) and f"-{word}" in known
        if like_ours or (word in _ONE_DASH and error.option_name[1:] in word):
            return click.NoSuchOption(word, ctx=ctx)
    return error


_CONNECTION = {
    *("url", "insecure_http", "ca_file", "client_cert", "client_key"),
    *("proxy", "timeout", "retries"),
}
"""Options that the help of a command lists last."""


class Parsing(click.Command):
    """Parses arguments with errors that name the command, and the whole of `-out`: click names
    `-o`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments."""
        words = [*args]
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _whole_option(error, words, ctx) from None
        except click.BadOptionUsage as error:
            error.ctx = ctx
            raise


class Command(Parsing):
    """A command with `-q`, `-v` and `--debug`, and with examples at the end of its help.

    Its call begins a run; its help does not.
    """

    def __init__(self, *args: Any, **values: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **values)
        contacts_server = any(param.name == "url" for param in self.params)
        self.params += verbosity()
        examples = EXAMPLES.get(self.name or "", ())
        lines = "".join(f"\n  confsync {self.name} {example}".rstrip() for example in examples)
        credentials = f"\n\n{CREDENTIALS}" if contacts_server else ""
        self.epilog = f"\b\nExamples:{lines}{credentials}\n\n{PAGES}"

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options to the help, those of the connection in a section of their own."""
        for title, last in (("Options", False), ("Connection", True)):
            shown = (one for one in self.get_params(ctx) if (one.name in _CONNECTION) is last)
            if records := [*filter(None, (one.get_help_record(ctx) for one in shown))]:
                with formatter.section(title):
                    formatter.write_dl(records)

    def invoke(self, ctx: click.Context) -> object:
        """Call the command. From here on every text from outside is scrubbed."""
        # Loaded in any case: at the end of a process, when it is used, nothing can be loaded.
        from confsync.cli.standard_error import begin_logging
        from confsync.sync.scrub import scrubbing

        console = ctx.ensure_object(Console)
        console.end.enter_context(scrubbing(console.scrub))
        begin_logging(ctx)
        _check_variables(console)
        return super().invoke(ctx)
