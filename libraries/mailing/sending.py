"""Sending without duplicates: a lock per recipient records the mails that were sent.

The lock is provided by the caller, see `libraries.job_manager.claim`. A mail can only be sent twice if
the attempt crashes after the server accepted it and before that was recorded. Both copies have the
same Message-ID.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from libraries.errors import InvalidInput, Unavailable
from libraries.json_types import JsonObject
from libraries.mailing.addresses import MAX_ADDRESS_CHARS, check_address
from libraries.mailing.delivery import Delivery, MailSession
from libraries.mailing.messages import Letter
from libraries.storage import Artifact

MAX_RECIPIENTS = 100


class Step(Protocol):
    """A step lock: `done` is the record of a completed step, or None."""

    @property
    def done(self) -> JsonObject | None: ...
    def mark_done(self, note: JsonObject) -> None: ...
    def release(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Post:
    """Sends the mails of one job.

    `claim` acquires the lock of a named step, `keep` is called with each mail that became a file,
    `seed` is the seed of the Message-IDs.
    """

    claim: Callable[[str], Step]
    keep: Callable[[Artifact], object]
    seed: str | None = None

    def send(self, letter: Letter, recipient: str) -> JsonObject:
        """Send a letter to one recipient, unless an earlier attempt did; return the receipt."""
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
        receipt: JsonObject = {
            "recipient": recipient,
            "subject": letter.subject,
            "template": letter.template,
        }
        receipt |= {"message_id": str(message["Message-ID"]), **self._location(delivery)}
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
    ) -> JsonObject:
        """Send a separate mail to each of up to 100 recipients; return the results.

        The result has `counts` of the states and `items`, each with `recipient`, `state` and an
        optional `error`. The states are `sent`, `refused` (permanently) and `failed`. While mails
        fail, Unavailable is raised, so that another attempt repeats only those; the `last_try`
        succeeds if at least one mail was sent.
        """
        unique = _unique(recipients)
        with MailSession() as session:
            attempt = _Attempt(self, letter, session)
            for number, recipient in enumerate(unique, 1):
                attempt.send(recipient)
                report(number, len(unique), f"{attempt.counts['sent']} of {len(unique)} sent")
        failed = attempt.counts["failed"]
        if failed and not (last_try and attempt.counts["sent"]):
            raise Unavailable(
                f"{failed} of {len(unique)} mails could not be sent: {attempt.error}",
                code="mail-server-away",
            )
        counts = {state: attempt.counts[state] for state in ("sent", "refused", "failed")}
        return {
            "subject": letter.subject,
            "template": letter.template,
            "counts": counts,
            "items": attempt.items,
        }

    def _location(self, delivery: Delivery) -> dict[str, str]:
        if delivery.artifact is None:
            return {"delivered": delivery.by}
        self.keep(delivery.artifact)
        return {"delivered": delivery.by, "file": f"output/{delivery.artifact.name}"}


@dataclass
class _Attempt:
    """One attempt to send to all recipients. It stops connecting once the server is unreachable."""

    post: Post
    letter: Letter
    session: MailSession
    items: list[JsonObject] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    error: str = ""
    server_down: bool = False

    def send(self, recipient: object) -> None:
        try:
            note = self._sent_once(check_address(recipient))  # type: ignore[arg-type]
        except InvalidInput as problem:
            if problem.code != "bad-recipient":
                raise
            note = {"state": "refused", "error": str(problem)}
        except Unavailable as problem:
            note = {"state": "failed", "error": str(problem)}
            self.error = str(problem)
            self.server_down |= problem.code == "mail-server-away"
        self.counts[note["state"]] += 1
        shown = recipient[:MAX_ADDRESS_CHARS] if isinstance(recipient, str) else ""
        self.items.append({"recipient": shown, **note})

    def _sent_once(self, recipient: str) -> dict[str, str]:
        """Return the record of a mail that this or an earlier attempt sent."""
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
        if self.server_down:
            raise Unavailable(self.error, code="mail-server-away")
        try:
            delivery = self.session.deliver(
                self.letter.to(recipient, message_id_seed=self.post.seed)
            )
        except InvalidInput as problem:
            if problem.code != "mail-refused":
                raise
            return {"state": "refused", "error": str(problem)}
        if delivery.artifact is not None:
            self.post.keep(delivery.artifact)
        return {"state": "sent"}


def _step_name(recipient: str) -> str:
    return f"mail to {recipient.lower()}"


def _unique(recipients: object) -> list[object]:
    if not isinstance(recipients, list | tuple) or not 1 <= len(recipients) <= MAX_RECIPIENTS:
        raise InvalidInput(
            f"expected a list of 1 to {MAX_RECIPIENTS} addresses",
            field="recipients",
            code="bad-recipients",
        )
    unique: dict[str, object] = {}
    for one in recipients:
        unique.setdefault(str(one).lower(), one)
    return list(unique.values())
