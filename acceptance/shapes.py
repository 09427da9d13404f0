"""Secrets that nobody told the suite of, recognised by their shape: what providers echo, for one.

A known secret is masked by `acceptance.masking.Redactor` in every form; this is the net below it.
"""

import re
from collections.abc import Iterator

from acceptance.secret import MASK

SECRETIVE = re.compile(r"KEY|SECRET|(?<!BY)PASS|TOKEN|CREDENTIAL", re.IGNORECASE)
"""What in a variable's name says that its value is a secret."""
_BEGINS = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
"""A word begins here, also behind what stands for a line break or a sign."""
_KEYS = re.compile(
    rf"{_BEGINS}(?:"
    r"(?:sk|gsk|csk)[-_][A-Za-z0-9_-]{8,}"  # OpenAI, Anthropic, LiteLLM, Mistral, Groq, Cerebras
    r"|AIza[A-Za-z0-9_-]{12,}|ya29\.[A-Za-z0-9_-]{12,}|GOCSPX-[A-Za-z0-9_-]{12,}"  # Google
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}"  # AWS
    r"|gh[oprsu]_[A-Za-z0-9_]{12,}|github_pat_[A-Za-z0-9_]{12,}"
    r"|gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_.-]{12,}"  # GitLab
    # Hugging Face, Replicate, npm, Fireworks, Docker, PyPI, LangSmith, Together, Jina, Stripe
    r"|(?:hf|r8|npm|fw|dckr_pat|lsv2_(?:pt|sk)|tgp_v1|jina|whsec|dop_v1)_[A-Za-z0-9_-]{16,}"
    r"|(?:xai|pplx|pypi|tvly(?:-dev|-prod)?)-[A-Za-z0-9_]{16,}"  # xAI, Perplexity, Tavily
    r"|nvapi-[A-Za-z0-9_-]{16,}"  # NVIDIA
    r"|(?:rk|pk)[-_](?:live|test|lf)[-_][A-Za-z0-9-]{8,}"  # Stripe, Langfuse
    r"|xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}"  # Slack
    r"|SG\.[A-Za-z0-9_-]{12,100}\.[A-Za-z0-9_-]{12,}|hv[bsr]\.[A-Za-z0-9_-]{20,}"  # SendGrid, Vault
    r"|AGE-SECRET-KEY-1[A-Z0-9]{12,}"
    # a session's token: a JWT, whole or without its signature
    r"|eyJ[A-Za-z0-9_-]{8,4000}+\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"
    r")"
)
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?:(?!-----)[\s\S])*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)
_SENT = re.compile(r"(?i)\b(bearer|basic)(\s+|%20|\+)[A-Za-z0-9._~+/=-]{12,}")
_QUERY = re.compile(
    r"(?i)((?:[?&]|&amp;|\\u0026)(?:[\w.-]*[-_.]|api|access)?"
    r"(?:key|token|secret|password|sig|signature)=)(?P<value>[^\s&\"'<>\\]+)"
)
_SIGN_IN = re.compile(r"(?<=://)(?P<user>[^\s/@:\"']*):(?P<password>[^\s/@\"']+)@")
"""User and password in an address."""
_USER = re.compile(r"(?<=://)(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}(?=@)")
"""A token in the place of a user."""
_PAIR = re.compile(
    r"(?i)([\"'](?:[\w-]*api[-_]?key|(?:proxy-)?authorization|(?:set-)?cookie)\\?[\"'],[ \t]*b?"
    r"\\?[\"'])[^\r\n\"'\\]+"
)
"""A header as a pair, as programs show what they are about to send."""
_OPTION = re.compile(
    r"(?i)(?<!\S)(--(?:[\w-]*[-_])?(?:key|token|secret|password|passphrase)[ \t]+[\"']?)"
    r"(?!-|os\.environ)[^\s\"'•$]+"
)
_AS_USER = re.compile(r"(?<!\S)((?:-u|--user)[ \t]+[\"']?[^\s:\"']+:)[^\s\"']+")
"""A command's option."""
_SIGNED_IN = re.compile(r"(\\?\"auth\\?\"[ \t]*:[ \t]*\\?\")[A-Za-z0-9+/=]{8,}")
"""User and password in the sign-in of a registry."""
_COOKIE = re.compile(
    r"(?i)\b((?:set-)?cookie2?\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?)[^\s\"'\\][^\r\n\"'\\]*"
)
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?"
    r"(?:(?:bearer|basic|token)[ \t]+)?)"
    r"(?!(?:bearer|basic|token)\b)[^\s\"'\\,;•]+"
)
_NAME = (
    r"(?i:(?:[\w.-]*[-_.])?(?:api[-_]?key|(?:access|account|client|encryption|master|private|salt|secret"
    r"|service|session|signing|subscription|virtual|webhook)[-_]?key|secret|password|passwd|passphrase"
    r"|pwd|(?:identity|registry)?token|credentials?))"
    r"|[A-Za-z]\w*(?:(?:Api|Access|Account|Private|Secret)Key|Password|Secret|Token)"
    r"|[A-Z][A-Z0-9_]*_(?:KEY|PASS|SALT)|[A-Z][A-Z0-9]*PASSWORD"
)
_BELOW = re.compile(
    rf"^(?P<indent>[ \t]*)(?P<name>(?:-[ \t]+)?[\"']?(?:{_NAME})[\"']?:"
    r"[ \t]*(?:[|>][-+1-9]*)?[ \t]*\r?\n(?P=indent)[ \t]+)"
    r"(?P<value>[^\s:•][^\s:]*[ \t]*(?:\r?\n|\Z)"
    r"(?:(?P=indent)[ \t]+[^\s:•][^\s:]*[ \t]*(?:\r?\n|\Z))*)",
    re.MULTILINE,
)
"""A value that YAML has in the lines below its name: words without a colon, no mapping."""
_MARKUP = re.compile(rf"(?P<begin><(?P<name>{_NAME})>)[^<>\s]+(?=</(?P=name)>)")
_VALUE = re.compile(
    rf"(?:(?<![\w.-])|(?<=\\[nrt]))(?P<name>{_NAME})"
    r"(?P<is>\\?[\"']?[ \t]*(?:=|:(?=[ \t\"'\\]))[ \t]*)"
    r"(?:(?P<quote>b?\\?[\"'])(?P<quoted>[^\r\n\"'\\]+)(?=\\?[\"'])"
    r"|(?P<bare>[^\s\"'\\,;&<>{}()\[\]]+)(?P<end>(?=[ \t]*(?:$|[\r\n\"'\\,;&}\]])))?)",
    re.MULTILINE,
)
"""A value behind a name that says what it is: in a configuration, an environment, a log, JSON."""
_NO_SECRET = re.compile(
    r"(?i)(?:none|null|nil|true|false|yes|no|on|off|undefined|unset|empty|missing|string|str|bytes"
    r"|value|secret|password|required|optional|invalid|bearer|expired|os\.environ/.*|\$.*|%\w+%"
    r"|[|>][-+1-9]*|<.*|\(.*|\{.*|\[.*|\*+|x{3,}|\.+|•+.*|!.*|env[:/].*)$"
)
"""What stands there instead of a secret: nothing, a reference, or a mask."""
_DENSE = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{20,}={0,2}(?![A-Za-z0-9+/=_-])")
"""A word that people do not write: a key, or a line of one."""
_SHORTEST = 6
"""Characters from which on one with a digit is no word of a sentence."""
_HEX = 32
"""Digits from which on a word of hexadecimal digits is a key."""


def without_shapes(text: str) -> str:
    """The text, with everything masked that looks like a secret."""
    text = _KEYS.sub(MASK, text)
    text = _PRIVATE_KEY.sub(rf"\1{MASK}", text)
    text = _SENT.sub(rf"\1\2{MASK}", text)
    text = _SIGN_IN.sub(f"{MASK}@", text)
    text = _USER.sub(MASK, text)
    text = _QUERY.sub(rf"\1{MASK}", text)
    text = _COOKIE.sub(rf"\1{MASK}", text)
    text = _HEADER.sub(rf"\1{MASK}", text)
    for named in (_PAIR, _OPTION, _AS_USER, _SIGNED_IN):
        text = named.sub(rf"\1{MASK}", text)
    text = _MARKUP.sub(rf"\g<begin>{MASK}", text)
    text = _BELOW.sub(_hidden_below, text)
    return _VALUE.sub(lambda found: _hidden(found) if _is_secret(found) else found[0], text)


def held(text: str) -> Iterator[str]:
    """What is secret within a text that is one, or may be one: a file, an address, a list.

    Passwords in addresses and in what stands behind their `?`, values behind names that say what
    they are, and words that are keys by their looks.
    """
    yield from (found["password"] for found in _SIGN_IN.finditer(text))
    yield from (found["value"] for found in _QUERY.finditer(text))
    yield from (_value(found) for found in _VALUE.finditer(text) if _is_secret(found))
    yield from (found[0] for found in _KEYS.finditer(text) if found[0] != text)
    if "\n" in text:
        yield from (found[0] for found in _DENSE.finditer(text) if _no_word(found[0]))


def secret_in(name: str, value: str) -> Iterator[str]:
    """What is secret in a named value: all of it where the name says so, or what it holds."""
    if SECRETIVE.search(name) and not _NO_SECRET.match(value):
        yield value
    yield from held(value)


def _value(found: re.Match[str]) -> str:
    return str(found["quoted"] or found["bare"])


def _hidden(found: re.Match[str]) -> str:
    return f"{found['name']}{found['is']}{found['quote'] or ''}{MASK}"


def _hidden_below(found: re.Match[str]) -> str:
    """One mask for all of the lines."""
    if _NO_SECRET.match(found["value"].strip()):
        return found[0]
    rest = found["value"][len(found["value"].rstrip()) :]
    return f"{found['indent']}{found['name']}{MASK}{rest}"


def _is_secret(found: re.Match[str]) -> bool:
    """Whether it is one, and not a word of a sentence: `the token: it has expired`."""
    value = _value(found)
    if _NO_SECRET.match(value):
        return False
    ended = found["quoted"] or found["end"] is not None or "=" in found["is"]
    return bool(ended or (any(map(str.isdigit, value)) and len(value) >= _SHORTEST))


def _no_word(word: str) -> bool:
    digits = any(map(str.isdigit, word))
    if re.fullmatch("[0-9a-fA-F]+", word):
        return digits and len(word) >= _HEX
    return digits and word.lower() != word and word.upper() != word
