"""What the engine complained about, as people read it: without markup, without secrets, the first error first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pulumi.automation.events import DiagnosticEvent, PolicyEvent

_MARKUP = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")

_ECHOES = ("update failed", "preview failed", "resource plan", "refresh failed", "an unhandled error occurred: program")
"""The engine's own closing words, which say nothing that was not said before."""

_SECRETS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(\.[\w-]*)*"), "[token]"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "[access key]"),
    (re.compile(r"(://[^/\s:@]+:)[^@\s/]+@"), r"\1[secret]@"),
    (
        re.compile(
            r"""(?i)((?:password|passwd|secret|token|authorization|api_?key)["']?\s*[:=]\s*["']?)[^\s"',;}]{4,}"""
        ),
        r"\1[secret]",
    ),
)


def redacted(text: str) -> str:
    """The text without what looks like a token, an access key or a password: logs of a dying task may hold any."""
    for pattern, stand_in in _SECRETS:
        text = pattern.sub(stand_in, text)
    return text


@dataclass(frozen=True)
class Complaint:
    """One error or warning about the resource `urn` ("" for the program itself)."""

    urn: str
    text: str

    def __str__(self) -> str:
        where = self.urn.rsplit("::", 1)[-1]
        kind = self.urn.split("::")[-2].split("$")[-1] if "::" in self.urn else ""
        return self.text if not where or kind == "pulumi:pulumi:Stack" else f"{where} ({kind}): {self.text}"


@dataclass
class Diagnostics:
    """The complaints of one run, each once, in the order they came: what follows the first error is often its echo."""

    errors: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)

    def take(self, event: DiagnosticEvent) -> None:
        """Note what the event says, unless it is for those who debug the engine."""
        kept = {"error": self.errors, "warning": self.warnings}.get(event.severity)
        if kept is None or event.ephemeral:
            return
        text = _readable(event.message)
        if text and not text.startswith(_ECHOES):
            self._add(kept, Complaint(event.urn or "", text))

    def take_policy(self, event: PolicyEvent) -> None:
        """Note a violated policy: a mandatory one is an error."""
        text = f"policy {event.policy_name}: {_readable(event.message)}"
        kept = self.errors if event.enforcement_level == "mandatory" else self.warnings
        self._add(kept, Complaint(event.resource_urn or "", text))

    @staticmethod
    def _add(kept: list[Complaint], complaint: Complaint) -> None:
        if complaint not in kept:
            kept.append(complaint)


def _readable(message: str) -> str:
    text = redacted(_MARKUP.sub("", message)).strip()
    text = re.sub(r"^1 error occurred:\s+\* ", "", text)
    if "Traceback (most recent call last)" not in text:
        return text
    last = text.splitlines()[-1].strip()
    if last.startswith("KeyboardInterrupt"):
        return ""  # the engine ends what still runs after the first error, and says so in this way
    places = [place for place in re.findall(r'File "([^"]+)", line (\d+)', text) if "site-packages" not in place[0]]
    ours = [place for place in places if not place[0].startswith("<") and "/lib/python" not in place[0]]
    return f"{last} ({ours[-1][0].rsplit('/', 1)[-1]}:{ours[-1][1]})" if ours else last
