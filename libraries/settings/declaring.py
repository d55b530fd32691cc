"""Declarations of settings, and the base of their groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, Self, dataclass_transform


def setting(
    default: str,
    parse: Callable[[str], Any],
    help: str,  # noqa: A002 - the usual name for descriptions of options
    *checks: Callable[[Any], Any],
    secret: bool = False,
) -> Any:
    """Declare a setting. The environment variable is the name of the field in capitals.

    `default` is a text as in the environment; `checks` raise ValidationError for invalid values; a
    `secret` is omitted from `repr`.
    """
    facts = {"default": default, "parse": parse, "help": help, "checks": checks}
    return dataclasses.field(repr=not secret, metadata=facts)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting,))
class SettingsGroup:
    """Base of the groups: the settings of one part of the product.

    The composition root sets the groups with `use_settings`; a part reads its group with `current()`.
    """

    _current: ClassVar[SettingsGroup | None] = None
    # Reads the environment and sets every group; assigned in `libraries.settings.process`.
    read_process: ClassVar[Callable[[], object]]

    def __init_subclass__(cls) -> None:
        """Make the group a frozen, keyword-only dataclass."""
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def current(cls) -> Self:
        """Return the group of this process.

        Without a composition root, as in a plain `rq worker`, the first call reads the environment.

        Raises:
            BadSettings: the environment is invalid (first call only).
        """
        if cls._current is None:
            cls.read_process()
        assert isinstance(cls._current, cls)  # noqa: S101 - for the type checker
        return cls._current

    @classmethod
    def pass_in(cls, group: SettingsGroup | None) -> None:
        cls._current = group
