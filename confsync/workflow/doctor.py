"""Doctor: check a server, its account and each Redis of the desired state. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from confsync.errors import ConfsyncError, Declined, Fault, ServerRefused
from confsync.jmap.answers import Account, permissions_of
from confsync.kinds import KINDS
from confsync.kinds.in_memory_store_risks import LOCKING_OUT, stores
from confsync.net.endpoint import Endpoint, canonical, check_host, on_loopback
from confsync.probe.stores import Means, asked
from confsync.report.doctor import Check, Diagnosis
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import At, resolve
from confsync.sync.findings import Facts, state_problems
from confsync.sync.tree import path_text
from confsync.workflow.load import load
from confsync.workflow.server import read_all
from confsync.workflow.session import HOSTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.jmap.client import Client
    from confsync.report.doctor import Name, Verdict
    from confsync.secrets.resolver import Resolved
    from confsync.sync.values import Checked, Desired, Live
    from confsync.workflow.server import Session
    from confsync.workflow.targets import Aim, Options

_REFUSALS = {401, 402, 403}
_NOBODY = Account("", None)


def diagnosed(
    aim: Aim, session: Session, environment: Mapping[str, str], *, commands: bool = False
) -> Diagnosis:
    """Check a target. `commands`: those that files refer to may run. Raises InvalidFiles."""
    loaded = load(aim.files, session.vault, aim.options.own, session.once)
    names = [one.object for one in loaded.desired]
    checks, account, lives = _server_checks(session, names)
    moment = At(RESOLVERS, "allowed" if commands else "apply")
    hosts = environment.get(HOSTS)
    means = Means(
        session.vault,
        lambda host, port: _may_ask(host, port, hosts),
        on_loopback(session.target.url),
    )
    verdicts: list[Verdict] = []
    for one in loaded.desired:
        kind = KINDS[one.object]
        resolved = resolve(one, session.vault, moment, environment, kind.shape)
        desired, unknown = _completed(resolved, lives.get(one.object), aim.options)
        found = [*unknown, *_state_checks(desired, account.edition)]
        results: list[list[Checked]] = [[check.result] for check in found]
        for path, store in stores(desired.tree):
            answers = asked(store, means)
            results.append([said.result for _, said in answers])
            for at, said in answers:
                place = f"{one.object}/{path_text((*path, *at))}"
                found.append(Check("redis", said.result, said.fact, said.hint, place))
        checks += found
        # Other objects lock nobody out, as far as is known: wire section 7.
        if kind.state_rules:
            if kind.shape.fields_of(desired.tree.tag) and not any(stores(desired.tree)):
                results.append(["cannot-tell"])
            verdicts.append(_verdict(results))
    verdict = verdicts[0] if verdicts else "cannot-tell"
    return Diagnosis(session.target, tuple(checks), verdict)


def _verdict(stores_: Iterable[Sequence[Checked]]) -> Verdict:
    """From the results of each store: one live URL is enough (wire section 7), and of answers that
    differ nothing follows.
    """
    found = {_of_store({*results}) for results in stores_ if results}
    for verdict in ("locks-out", "cannot-tell"):
        if verdict in found:
            return verdict
    return "starts"


def _of_store(results: set[Checked]) -> Verdict:
    if "ok" in results:
        return "cannot-tell" if "failed" in results else "starts"
    return "locks-out" if "failed" in results else "cannot-tell"


def _may_ask(host: str, port: int, hosts: str | None) -> bool:
    """True for a Redis that CONFSYNC_HOSTS allows: a password is sent there."""
    if hosts is None:
        return True
    name = canonical(host)
    if name is None:
        return False
    try:
        check_host(Endpoint("", name, port, secure=False), hosts)
    except Declined:
        return False
    return True


def _server_checks(
    session: Session, names: Sequence[str]
) -> tuple[list[Check], Account, Mapping[str, Live]]:
    """The checks of the server and the account, and the live states, if they can be read."""
    server = cast("Client", session.server)
    try:
        stalwart = server.is_stalwart()
    except Fault:
        raise
    except ConfsyncError as error:
        left = _not_asked("credentials", "permissions", "edition")
        return [Check("server", "failed", error.message, error.hint), *left], _NOBODY, {}
    known = "it is a Stalwart, of unknown version" if stalwart else "it does not say what it is"
    checks = [Check("server", "ok" if stalwart else "cannot-tell", f"reached; {known}")]
    try:
        account = server.account()
    except Fault:
        raise
    except ConfsyncError as error:
        refused = isinstance(error, ServerRefused) and error.status in _REFUSALS
        result: Checked = "failed" if refused else "cannot-tell"
        checks.append(Check("credentials", result, error.message, error.hint))
        checks += _not_asked("permissions", "edition")
        return checks, _NOBODY, {}
    # Without its name, which would keep equal targets apart.
    login = server.login.replace(f" of target {session.target.name}", "")
    checks.append(Check("credentials", "ok", f"accepted: {login}"))
    found = [_permission(name, account) for name in names]
    lives: Mapping[str, Live] = {}
    if not any(one.result == "failed" for one in found):
        try:
            lives = dict(zip(names, read_all(names, session), strict=True))
        except Fault:
            raise
        except ConfsyncError as error:
            found = [Check("permissions", "failed", error.message, error.hint)]
    edition = account.edition
    about = Check("edition", "ok" if edition else "cannot-tell", edition or "unknown")
    return [*checks, *found, about], account, lives


def _not_asked(*names: Name) -> list[Check]:
    return [Check(name, "cannot-tell", "not asked") for name in names]


def _permission(name: str, account: Account) -> Check:
    """The permissions of the account for an object."""
    if account.permissions is None:
        return Check("permissions", "cannot-tell", "the server does not list them", path=name)
    read, update = permissions_of(name)
    give = "give the account or API key the permission"
    if read not in account.permissions:
        return Check("permissions", "failed", f"{read} is missing", f"{give} {read}", name)
    if update not in account.permissions:
        fact = f"enough to plan, not to apply: {update} is missing"
        return Check("permissions", "ok", fact, path=name)
    return Check("permissions", "ok", "read and update", path=name)


def _completed(
    resolved: Resolved, live: Live | None, options: Options
) -> tuple[Desired, list[Check]]:
    """The desired state with what it leaves to the server, and a check if that is not known."""
    desired = resolved.desired
    checks = [
        Check("state", "cannot-tell", problem.message, problem.hint, desired.object)
        for problem in dict.fromkeys(resolved.problems)
    ]
    if live is not None:
        return options.completed(desired, live), checks
    if options.ignored(desired.object) or options.unlisted == "keep":
        fact = "some fields keep the server's value, which was not read"
        checks.append(Check("state", "cannot-tell", fact, path=desired.object))
    return desired, checks


def _state_checks(desired: Desired, edition: str) -> Iterator[Check]:
    """Checks of the state alone that certainly lock out."""
    kind = KINDS[desired.object]
    whole = replace(desired, written=desired.tree, places=None)
    for problem in state_problems(whole, kind.state_rules, Facts(edition)):
        if problem.rule in LOCKING_OUT:
            yield Check("state", "failed", problem.message, problem.hint, desired.object)
    if desired.tree.tag in kind.licensed and not edition:
        fact = "it needs a licence, and the edition is not known"
        yield Check("state", "cannot-tell", fact, path=desired.object)
