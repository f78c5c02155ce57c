"""Mistakes in secrets and references."""

from __future__ import annotations

from confsync.rules.rule import Rule, cluster, redis, secret, url

_REFERENCE = secret("secret: {env: REDIS_PASSWORD}")
_COMMAND = secret("secret: {command: [pass, show, cache]}")
_FROM_ENV = "password: {env: CACHE_PASSWORD}"
_MAPPING = url("address: redis://cache.example.com", _FROM_ENV)
_WHOLE = redis("url: {env: CACHE_URL}")

CLEAR = (
    Rule(
        "plaintext-secret",
        "a secret stands in the file itself",
        "A password stands in a secret's place, in a URL or in a parameter of one. It is in the "
        "repository's history from now on, and with everybody who has a copy.",
        "Whoever can read the repository can read the password. Change it, and write where it "
        "can be had. `--allow plaintext-secret` lets it pass where that is meant.",
        secret("secret: an-example-of-one"),
        _REFERENCE,
    ),
    Rule(
        "guessable-secret",
        "a secret that anybody would try first",
        "The secret is shorter than 8 characters, a common word, a few characters again and again, "
        "or a name or a default of the documentation. It is told where the value is known: of a "
        "reference by `plan` and `apply`, of plain text by `validate` too.",
        "Whoever reaches Redis tries it. Such a secret is not masked where it stands by chance in "
        "another value: the mask would tell everybody what it is. Use a random one.",
    ),
    Rule(
        "null-secret",
        "null in the place of a secret",
        "A secret that the server is to store has to be named.",
        "No secret at all is `{'@type': None}`.",
        secret("secret: null"),
        _REFERENCE,
    ),
    Rule(
        "list-for-secret",
        "a list in the place of a secret",
        "A secret is one text.",
        "Which item would count could not be told.",
        secret("secret: [example]"),
        _REFERENCE,
    ),
    Rule(
        "empty-secret",
        "an empty secret",
        "Nothing, or white space alone, stands between the quotes.",
        "Mostly a variable was not set when the file was made. No secret is `{'@type': None}`.",
        secret("secret: ''"),
        cluster("authSecret: {'@type': None}"),
    ),
    Rule(
        "encrypted-secret",
        "a secret that is still encrypted",
        "sops writes texts that begin with ENC[ in the place of values.",
        "The server would store the encrypted text as the password.",
        secret("secret: 'ENC[AES256_GCM,data:example]'"),
        _REFERENCE,
    ),
    Rule(
        "line-break-in-secret",
        "a secret with a line break",
        "A text of several lines in YAML ends in a line break, which is a part of it.",
        "No Redis password has one: the server would log in with another password than you.",
        secret('secret: "example\\n"'),
        _REFERENCE,
    ),
    Rule(
        "control-in-secret",
        "a secret with a control character",
        "Tabs and the like come into a text when it is copied.",
        "No Redis password has one: the server would log in with another password than you.",
        secret('secret: "exam\\tple"'),
        _REFERENCE,
    ),
    Rule(
        "variable-in-text",
        "a variable with a $ in the place of a secret, a credential or an address",
        "Shells, Docker and Terraform fill in `${NAME}`; confsync fills nothing in.",
        "The name would be used, or stored by the server, in the place of the value.",
        secret("secret: ${REDIS_PASSWORD}"),
        _REFERENCE,
    ),
    Rule(
        "template-in-text",
        "a template in the place of a secret",
        "Helm, Jinja and Ansible fill in `{{ … }}`; confsync fills nothing in.",
        "The server would store the braces and what stands between them.",
        redis("url: '{{ redis_url }}'"),
        _WHOLE,
    ),
    Rule(
        "reference-in-quotes",
        "a reference in quotes",
        "Quotes make a text of it.",
        "The server would store the braces as the password.",
        secret("secret: '{env: REDIS_PASSWORD}'"),
        _REFERENCE,
    ),
    Rule(
        "reference-within-text",
        "a reference within a text",
        "A reference stands for a whole secret, a whole URL, or the password in its mapping form.",
        "Within a text the braces are braces: the server would store them as the password.",
        redis("url: 'redis://stalwart:{env: CACHE_PASSWORD}@cache.example.com'"),
        redis(
            "url:",
            "  address: redis://cache.example.com",
            "  username: stalwart",
            "  password: {env: CACHE_PASSWORD}",
        ),
    ),
    Rule(
        "reference-without-braces",
        "a reference without its braces",
        "A reference is a mapping with one key: `{env: NAME}`.",
        "Without the braces it is a text, which the server would store as the password.",
        secret("secret: env:REDIS_PASSWORD"),
        _REFERENCE,
    ),
)

REFERENCES = (
    Rule(
        "empty-reference",
        "empty braces in the place of a reference",
        "A reference is a mapping with one key, which says where the secret is.",
        "There is nothing that leads to the secret.",
        secret("secret: {}"),
        _REFERENCE,
    ),
    Rule(
        "several-references",
        "several keys in one reference",
        "A reference is a mapping with one key.",
        "Which of them would count could not be told.",
        secret("secret: {env: REDIS_PASSWORD, file: redis-password}"),
        _REFERENCE,
    ),
    Rule(
        "foreign-reference",
        "a reference as other programs write it",
        "confsync looks into variables and files, and runs commands: that reaches each store of "
        "secrets that has a program.",
        "confsync has no references of this kind.",
        secret("secret: {vault: secret/redis}"),
        secret("secret: {command: [vault, kv, get, -field=password, mail/cache]}"),
    ),
    Rule(
        "misspelt-reference",
        "a reference's key is misspelt",
        "There is no reference by this name, but one by nearly the same.",
        "Where the secret is could not be told.",
        secret("secret: {enf: REDIS_PASSWORD}"),
        _REFERENCE,
    ),
    Rule(
        "unknown-reference",
        "a reference of an unknown kind",
        "The key of a reference says where the secret is: env, file or command.",
        "Where the secret is could not be told.",
        secret("secret: {keepass: redis}"),
        _REFERENCE,
    ),
    Rule(
        "reference-to-nothing",
        "a reference without a name",
        "Nothing stands behind its key.",
        "There is nothing that leads to the secret.",
        secret("secret: {env: }"),
        _REFERENCE,
    ),
    Rule(
        "blank-reference",
        "a reference to a blank name",
        "White space, or nothing at all, stands between the quotes.",
        "There is no variable or file by such a name.",
        secret("secret: {env: ''}"),
        _REFERENCE,
    ),
    Rule(
        "list-for-name",
        "a list in the place of a name",
        "A variable or file has one name.",
        "Which of them would count could not be told.",
        secret("secret: {env: [REDIS_PASSWORD]}"),
        _REFERENCE,
    ),
    Rule(
        "mapping-for-name",
        "a mapping in the place of a name",
        "A variable or file is named by one text.",
        "There is nothing that leads to the secret.",
        secret("secret: {env: {name: REDIS_PASSWORD}}"),
        _REFERENCE,
    ),
    Rule(
        "value-for-name",
        "something that can be no name",
        "Behind `env:` stands the name of a variable: letters, digits and _. Perhaps the secret "
        "itself stands there.",
        "There is no variable by such a name; and the secret itself must not stand in the file.",
        secret("secret: {env: my-password}"),
        _REFERENCE,
    ),
    Rule(
        "variable-in-reference",
        "a $ in front of a name",
        "`{env: NAME}` takes the name alone.",
        "confsync fills nothing in; the $ would be a part of the name.",
        secret("secret: {env: $REDIS_PASSWORD}"),
        _REFERENCE,
    ),
    Rule(
        "home-in-reference",
        "a ~ in a path",
        "A shell takes ~ for your home directory; confsync does not.",
        "On another machine, or for another user, home is somewhere else.",
        secret("secret: {file: ~/redis-password}"),
        secret("secret: {file: /run/secrets/redis-password}"),
    ),
    Rule(
        "url-in-reference",
        "a URL in a reference",
        "References lead to a variable, a file or a program on this machine.",
        "Nothing is fetched; and a URL there may hold a password.",
        secret("secret: {file: 'file:///run/secrets/redis-password'}"),
        secret("secret: {file: /run/secrets/redis-password}"),
    ),
    Rule(
        "text-for-command",
        "a command in one text",
        "A command is a list: the program, then each of its arguments.",
        "No shell takes it apart, so that no quote or space can change what is run.",
        secret("secret: {command: pass show cache}"),
        _COMMAND,
    ),
    Rule(
        "command-without-program",
        "a command without a program",
        "The list is empty, or its first text is.",
        "There is nothing that could be run.",
        secret("secret: {command: []}"),
        _COMMAND,
    ),
    Rule(
        "line-for-program",
        "a whole command line in the place of the program",
        "The first text of the list is the program alone; each argument is a text of its own.",
        "No shell takes the line apart, so there would be no program by that name.",
        secret("secret: {command: [pass show cache]}"),
        _COMMAND,
    ),
    Rule(
        "word-of-command",
        "something that is no text in a command",
        "The program and each of its arguments are texts.",
        "What should be handed to the program could not be told.",
        secret("secret: {command: [pass, show, {entry: cache}]}"),
        _COMMAND,
    ),
)

RULES = (*CLEAR, *REFERENCES)
