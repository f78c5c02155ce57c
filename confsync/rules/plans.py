"""What a plan says of a server and of secrets, rather than of a file."""

from __future__ import annotations

from confsync.rules.rule import Rule

RULES = (
    Rule(
        "secret-unavailable",
        "a reference leads to nothing that can be used",
        "A variable is not set, a file cannot be read, a command fails, or what came out can be "
        "no secret: it is empty, a mask, still encrypted, or holds control characters.",
        "A plan goes on without it and says so. An apply stops before anything is sent, because "
        "the server would lose the secret, or store something else in its place.",
    ),
    Rule(
        "hidden-secrets",
        "an apply would have to send a secret that it was told not to send",
        "The server never gives a secret back, so it cannot be compared. `--hidden-secrets fail` "
        "stops for each; `keep` stops where the secret would be lost, because the object is built "
        "anew or its shard's other fields change.",
        "Without the secret the server would not reach Redis after its next restart. "
        "`--hidden-secrets send` sends it from its reference.",
    ),
    Rule(
        "unrecognised",
        "the server has something that this confsync does not know",
        "The server is newer and sent a field or a variant that is not described here.",
        "It is left as it is, unless the object around it is built anew. Update confsync.",
    ),
    Rule(
        "allowance-expired",
        "a risk is not allowed any more",
        "`until` in confsync.yaml was the last day on which it was.",
        "An allowance that nobody renews was not meant for ever.",
    ),
    Rule(
        "layer-discarded",
        "a layer discards everything of an earlier file",
        "Of several files each later one is laid over those before it, and an object with another "
        "`@type` replaces all that they say of it. A plan says so, and goes on.",
        "Files that are states of their own, as `stores/*.yaml` may name them, are no layers: only "
        "the last one would be applied. Name the file that is meant, or its target.",
    ),
    Rule(
        "ignored-rebuilt",
        "a field that is to be left alone is built anew",
        "The object changes its variant, and the server builds it from the defaults then.",
        "It cannot be left as it is: the new variant has it at its default, or not at all.",
    ),
    Rule(
        "fill-in",
        "a reference has to be filled in",
        "`confsync pull` found a secret that the server hides, and wrote a reference in its place.",
        "Only you know where the secret can be had: put the name of that in its place.",
    ),
    Rule(
        "uneditable",
        "the file cannot be edited in place",
        "It uses a form of YAML that `confsync pull` does not rewrite without moving something.",
        "Comments could be lost: write that place in a simpler form, and pull again.",
    ),
)
