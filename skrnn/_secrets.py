"""Removing passwords from everything that people read: messages, files and representations of objects.

The rule is to hide too much rather than too little. Texts with a malformed URL are the ones that end up in messages.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"
_WORDS = "pass|pwd|secret|token|key|auth|cred|sig|odbc_connect|dsn"  # in the names of parameters that hold secrets
_NAME = re.compile(_WORDS, re.IGNORECASE)
_SCHEME = r"(?:[A-Za-z][\w+.-]*)?://"
_URL = re.compile(rf"(?P<scheme>{_SCHEME})(?P<rest>[^\s'\"<>]*)")
# A text that is a URL and nothing else. Its password may contain blanks and quotes.
_ONE_URL = re.compile(rf"\s*{_SCHEME}(\S*|[^\s'\"@/]*:(?!.*{_SCHEME})[^\n]*@\S*)\s*\Z")
_SETTING = re.compile(
    rf"(?P<name>\b\w*(?:{_WORDS})\w*\s*=\s*)(?P<value>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\{{[^}}]*\}}|[^\s;&,)'\"]+)",
    re.IGNORECASE,
)
# Host, path and query, without another @.
_PLAIN_TAIL = re.compile(r"[^@/?#;&]*(?:[/][^@?#;&]*(?:[?].*)?)?\Z", re.DOTALL)
_PORT = re.compile(r"(?P<host>(?:\[[^\]]*\]|[^:\[\]]*)):(?P<port>.*)\Z", re.DOTALL)
_SHORTEST = 3  # shorter secrets occur in words by chance


class Redacted(str):
    """A text that shows no secrets in its representation. Its value, and everything else about it, is unchanged."""

    def __repr__(self) -> str:
        return repr(redact(str(self)))


def redact(text: Any, secrets: Iterable[str] = ()) -> str:
    """Return a text with its secrets masked.

    Parameters
    ----------
    text : object
        A message with or without URLs in it, a single URL, or an object whose text is one.
    secrets : iterable of str
        Secrets to mask wherever they occur, such as those of :func:`secrets_of`.

    Returns
    -------
    text : str
        Passwords of URLs, and values of parameters whose names mean a secret, are replaced by asterisks. A text
        without any is returned unchanged.

    Examples
    --------
    >>> from skrnn._secrets import redact
    >>> redact("postgresql://alice:S3CRET@db/studies?sslmode=require&sslpassword=S3CRET")
    'postgresql://alice:***@db/studies?sslmode=require&sslpassword=***'
    >>> redact("cannot open 'mysql://bob:p%40ss@db/studies': no such host")
    "cannot open 'mysql://bob:***@db/studies': no such host"
    """
    text = str.__str__(text) if isinstance(text, str) else str(text)
    for secret in sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    if _ONE_URL.match(text):
        scheme, slashes, rest = text.partition("://")
        return f"{scheme}{slashes}{_without_password(rest)}"
    text = _URL.sub(lambda found: found["scheme"] + _without_password(found["rest"]), text)
    return _SETTING.sub(lambda found: found["name"] + MASK, text)


def _without_password(rest: str) -> str:
    """Mask the secrets in what follows the two slashes of a URL."""
    userinfo, at, tail = "", "", rest
    if not rest.startswith("/"):  # otherwise a path, in which any character may occur
        userinfo, at, tail = _split(rest)
    if at:
        user = re.match(r"[^:/?#]*", userinfo)
        name = user.group() if user else ""
        userinfo = name if len(name) == len(userinfo) else f"{name}:{MASK}"
    elif not rest.startswith("/"):
        tail = _without_odd_port(tail)
    place, mark, query = re.match(r"([^?#;]*)([?#;]?)(.*)\Z", tail, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{userinfo}{at}{place}{mark}{_without_values(query)}"


def _split(rest: str) -> tuple[str, str, str]:
    """Split at the @ that ends user and password. Both may contain one that should have been written as %40."""
    head, at, tail = rest.partition("@")
    if "@" in tail and not _PLAIN_TAIL.match(tail):
        head, at, tail = rest.rpartition("@")
    place, _, query = head.partition("?")
    if not at or ("=" in query and ":" not in place):  # the @ belongs to a parameter
        return "", "", rest
    return head, at, tail


def _without_odd_port(tail: str) -> str:
    """Mask ports that are not numbers: passwords of a URL whose host is missing."""
    hosts, slash, path = re.match(r"([^/?#]*)([/?#]?)(.*)\Z", tail, re.DOTALL).groups()  # type: ignore[union-attr]
    parts = []
    for host in hosts.split(","):
        found = _PORT.match(host)
        is_odd = found is not None and not re.fullmatch(r"\d{0,5}", found["port"])
        parts.append(f"{found['host']}:{MASK}" if found and is_odd else host)
    return ",".join(parts) + slash + path


def _without_values(query: str) -> str:
    """Mask the values of parameters that hold secrets."""
    shown, is_masked = [], False
    for separator, piece in re.findall(r"(^|[&;])([^&;]*)", query):
        name, equals, value = piece.partition("=")
        if not equals and is_masked:
            continue  # the rest of a secret with a separator in it
        is_masked = bool(equals) and _is_secret(_decoded(name), _decoded(value))
        shown.append(separator + (f"{name}={MASK}" if is_masked else piece))
    return "".join(shown)


def _is_secret(name: str, value: str) -> bool:
    return bool(_NAME.search(name) or _SETTING.search(value) or re.search(r"://[^/]*:[^/]*@", value))


def _decoded(text: str) -> str:
    """Undo percent-encoding, also if it was applied several times."""
    while (plain := unquote_plus(text)) != text and "%" in text:
        text = plain
    return text


def secrets_of(url: Any) -> frozenset[str]:
    """Return the secrets in a URL, as they are written and decoded, so that they can be found in any message.

    Parameters
    ----------
    url : object
        A URL, or something else, which has no secrets.

    Returns
    -------
    secrets : frozenset of str
    """
    if not isinstance(url, str) or "://" not in url:
        return frozenset()
    url = str.__str__(url)
    shown = redact(url)
    found = set()
    # The parts of the masked text that were kept are found in the original one after another.
    pattern = "(.*?)".join(re.escape(part) for part in shown.split(MASK))
    match = re.fullmatch(pattern, url, re.DOTALL)
    for secret in match.groups() if match else ():
        pieces = {secret, *re.split(r"[@:/?#;&\[\]]+", secret)}  # parsers quote pieces of what they cannot read
        for piece in pieces:
            found |= {piece, unquote(piece), unquote_plus(piece), quote(piece, safe=""), quote_plus(piece)}
    return frozenset(secret for secret in found if len(secret) >= _SHORTEST and secret != MASK)


@contextmanager
def without_secrets(url: Any = None) -> Iterator[None]:
    """Mask the secrets in the messages of exceptions that leave the block, and of those that caused them.

    Parameters
    ----------
    url : object, default=None
        A URL whose secrets are masked wherever they occur.
    """
    try:
        yield
    except Exception as error:
        secrets = secrets_of(url)
        links = [*_chain(error, set())]
        for link in links:
            _redact_error(link, secrets)
        if any(redact(link, secrets) != str(link) for link in links):  # a message that is not made of the arguments
            raise RuntimeError(f"{type(error).__name__}: {redact(error, secrets)}") from None
        raise


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """Iterate over an exception and all that caused it."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    for other in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        yield from _chain(other, seen)


def _redact_error(error: BaseException, secrets: frozenset[str]) -> None:
    """Mask secrets in the arguments, notes and other texts of an exception."""
    error.args = tuple(redact(each, secrets) if isinstance(each, str) else each for each in error.args)
    for name, value in list(getattr(error, "__dict__", {}).items()):
        if isinstance(value, str):
            setattr(error, name, redact(value, secrets))
        elif name == "__notes__":
            setattr(error, name, [redact(note, secrets) for note in value])
