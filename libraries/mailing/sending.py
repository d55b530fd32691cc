"""Sending so that a second attempt does not send again what a first one has: one claim for each recipient.

Who claims, and where it is noted that a mail was taken, is told from outside; `libraries.job_manager.claim` is made for it. A
mail can be sent twice in one moment only: when its attempt dies after the server took it and before that was noted. Both copies
have the same Message-ID.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from libraries.errors import InvalidInput, Unavailable
from libraries.mailing.addresses import MAX_ADDRESS_CHARS, check_address
from libraries.mailing.delivery import (
    Delivery,
    MailServerAway,
    MailSession,
)
from libraries.mailing.messages import Letter
from libraries.storage import Artifact

MAX_RECIPIENTS = 100


class Step(Protocol):
    """A claim: `done` is the note of whoever did it before, None if it is ours to do."""

    @property
    def done(self) -> dict[str, Any] | None:
        """The note, or None."""

    def mark_done(self, note: dict[str, Any]) -> None:
        """Note that it is done."""

    def release(self) -> None:
        """Give it back undone."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """How the mails of one job go out.

    `claim` gives the step of a name, to this attempt alone; `keep` is told of each mail that became a file; `seed` is what the
    Message-IDs follow from, None for random ones.
    """

    claim: Callable[[str], Step]
    keep: Callable[[Artifact], object]
    seed: str | None = None

    def send(self, letter: Letter, recipient: str) -> dict[str, Any]:
        """Send a letter to one recipient, unless an earlier attempt has; return what was sent and how.

        Raises:
            BadRecipient: the recipient is not one plain address.
            MailRefused, MailServerAway, StorageFull: as `deliver`.
            Unavailable: another attempt may be sending it.
        """
        message = letter.to(recipient, message_id_seed=self.seed)
        step = self.claim(_step_name(recipient))
        if step.done is not None:
            return step.done
        with MailSession() as session:
            try:
                delivery = session.deliver(message)
            except (InvalidInput, Unavailable):
                step.release()
                raise
        receipt: dict[str, Any] = {
            "recipient": recipient,
            "subject": letter.subject,
            "template": letter.template,
        }
        receipt |= {"message_id": str(message["Message-ID"]), **self._kept(delivery)}
        if letter.attachments:
            receipt["attachments"] = [one.name for one in letter.attachments]
        step.mark_done(receipt)
        return receipt

    def send_to_each(
        self,
        letter: Letter,
        recipients: object,
        *,
        report: Callable[[int, int, str], object],
        last_try: bool,
    ) -> dict[str, Any]:
        """Send a letter to up to 100 recipients, to each a mail of its own, and return what became of each.

        The result has `counts` of the states and `items`, each with `recipient`, `state` and perhaps `error`. The state is
        `sent`, `refused` for good, or `failed`. What failed is worth another attempt, which sends to nobody again who was sent
        to, and does not ask again where it was refused.

        Args:
            letter: what to send.
            recipients: a list of addresses; the same one again counts once. A bad one is refused alone.
            report: told how many are done, of how many, and in words.
            last_try: whether this is the last attempt, whose result stands even where some failed.

        Raises:
            InvalidInput: there are none, or more than 100.
            MailServerAway: some failed and there is another attempt, or none was sent in the last one.
        """
        people = _different(recipients)
        with MailSession() as session:
            going = _Round(self, letter, session)
            for number, recipient in enumerate(people, 1):
                going.see_to(recipient)
                report(number, len(people), f"{going.counts['sent']} of {len(people)} sent")
        if going.counts["failed"] and not (last_try and going.counts["sent"]):
            raise MailServerAway(
                f"{going.counts['failed']} of {len(people)} mails could not be sent for now: {going.why}"
            )
        counts = {state: going.counts[state] for state in ("sent", "refused", "failed")}
        return {
            "subject": letter.subject,
            "template": letter.template,
            "counts": counts,
            "items": going.items,
        }

    def _kept(self, delivery: Delivery) -> dict[str, str]:
        if delivery.artifact is None:
            return {"delivered": delivery.by}
        self.keep(delivery.artifact)
        return {"delivered": delivery.by, "file": f"output/{delivery.artifact.name}"}


@dataclass
class _Round:
    """One attempt to reach everybody. Once the server is away, nobody else is tried in it."""

    post: Post
    letter: Letter
    session: MailSession
    items: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    why: str = ""
    away: bool = False

    def see_to(self, recipient: object) -> None:
        """Send to one recipient, or note why not."""
        try:
            note = self._sent(check_address(recipient))  # type: ignore[arg-type]
        except InvalidInput as problem:
            if problem.code != "bad-recipient":
                raise
            note = {"state": "refused", "error": str(problem)}
        except Unavailable as problem:
            note = {"state": "failed", "error": str(problem)}
            self.why = str(problem)
            self.away |= problem.code == "mail-server-away"
        self.counts[note["state"]] += 1
        shown = recipient[:MAX_ADDRESS_CHARS] if isinstance(recipient, str) else ""
        self.items.append({"recipient": shown, **note})

    def _sent(self, recipient: str) -> dict[str, str]:
        """Return the note of a mail that was sent or refused, now or before."""
        step = self.post.claim(_step_name(recipient))
        if step.done is not None:
            return step.done
        try:
            note = self._delivered(recipient)
        except Unavailable:
            step.release()
            raise
        step.mark_done(note)
        return note

    def _delivered(self, recipient: str) -> dict[str, str]:
        if self.away:
            raise MailServerAway(self.why)
        try:
            delivery = self.session.deliver(
                self.letter.to(recipient, message_id_seed=self.post.seed)
            )
        except InvalidInput as refusal:
            if refusal.code != "mail-refused":
                raise
            return {"state": "refused", "error": str(refusal)}
        if delivery.artifact is not None:
            self.post.keep(delivery.artifact)
        return {"state": "sent"}


def _step_name(recipient: str) -> str:
    return f"mail to {recipient.lower()}"


def _different(recipients: object) -> list[object]:
    """Return the recipients, each once."""
    if not isinstance(recipients, list | tuple) or not 1 <= len(recipients) <= MAX_RECIPIENTS:
        raise InvalidInput(
            f"recipients are a list of 1 to {MAX_RECIPIENTS} addresses",
            field="recipients",
            code="bad-recipients",
        )
    once: dict[str, object] = {}
    for one in recipients:
        once.setdefault(str(one).lower(), one)
    return list(once.values())
