"""The settings: read once per process from the environment into one frozen object.

Each setting is one row of `SETTINGS`; the object, the error messages, `.env.example` and the documentation all come from there.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from environs import Env, EnvValidationError
from marshmallow import ValidationError
from marshmallow.validate import Email, OneOf, Range

# Said of a HOST beyond loopback without API_KEYS.
UNGUARDED = "Other machines could use the service: set API_KEYS, or ALLOW_ANONYMOUS=1 if everyone who reaches it may."
STORAGE_FORM = "Must be empty or s3://bucket/folder, then ?endpoint=https://host and &region=name where they are needed."
UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class BadSettings(Exception):
    """Raised when the environment holds values that cannot be used; the text names every one of them."""


def parse_duration(text: str) -> int:
    """Return the seconds that a text such as `300`, `90s`, `5m`, `24h` or `7d` stands for.

    Raises:
        ValidationError: the text is not a positive whole number with one of these units.
    """
    found = re.fullmatch(r"\s*([1-9][0-9]{0,8})\s*([smhd]?)\s*", text, re.ASCII)
    if found is None:
        raise ValidationError(
            "Not a duration: write a whole number and a unit, such as 90s, 5m, 24h or 7d."
        )
    return int(found[1]) * UNIT_SECONDS[found[2]]


def parse_bytes(text: str) -> int:
    """Return the bytes that a text such as `65536`, `64kB` or `1MB` stands for (decimal units).

    Raises:
        ValidationError: the text is not a positive whole number with one of these units.
    """
    found = re.fullmatch(r"\s*([1-9][0-9]{0,11})\s*(|b|kb|mb|gb)\s*", text.lower(), re.ASCII)
    if found is None:
        raise ValidationError("Not a size: write a whole number and a unit, such as 64kB or 1MB.")
    return int(found[1]) * {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}[found[2]]


def optional_duration(text: str) -> int:
    """Return the seconds that `text` stands for, 0 for an empty text."""
    return parse_duration(text) if text.strip() else 0


def optional_bytes(text: str) -> int:
    """Return the bytes that `text` stands for, 0 for an empty text."""
    return parse_bytes(text) if text.strip() else 0


def one_of_schemes(*schemes: str) -> Callable[[str], None]:
    """Return a check that lets only empty texts and URLs with one of these schemes pass."""

    def check(text: str) -> None:
        if text and urlsplit(text).scheme not in schemes:
            raise ValidationError(
                f"Must be empty or a URL that begins with {' or '.join(f'{s}://' for s in schemes)}."
            )

    return check


def optional_email(text: str) -> None:
    """Let only empty texts and single mail addresses pass."""
    if text:
        Email()(text)


def webhook_key(secret: str) -> bytes:
    """Return the key that a secret of webhooks stands for: `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks has it.

    Raises:
        ValidationError: it is not one; the text does not repeat it.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_").encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:  # noqa: PLR2004 - the bounds of the specification
        raise ValidationError("Must be whsec_ and 24 to 64 random bytes in base64.")
    return key


def optional_webhook_secret(text: str) -> None:
    """Let only empty texts and secrets of webhooks pass."""
    if text:
        webhook_key(text)


class Setting(NamedTuple):
    """One variable of the environment: its name, its default as one would write it, its parser, what it means."""

    name: str
    default: str
    parse: Callable[[str], Any]
    help: str
    checks: tuple[Callable[[Any], Any], ...] = ()


class ApiKey(NamedTuple):
    """A key of the API: who sends it, and the SHA-256 of what is sent. The key itself is known to its owner alone."""

    name: str
    digest: bytes


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """Return the keys that a text such as `ann:<sha256 in hex>, bob:<sha256 in hex>` stands for; one name may have several.

    Raises:
        ValidationError: an entry is no such pair, or two names share a key; the text says which entry, and shows none.
    """
    keys: list[ApiKey] = []
    for place, entry in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        found = re.fullmatch(
            r"([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([0-9a-fA-F]{64})", entry, re.ASCII
        )
        if found is None:
            raise ValidationError(
                f"Entry {place} is not name:sha256, with the SHA-256 of the key as 64 hex digits."
            )
        key = ApiKey(found[1], bytes.fromhex(found[2]))
        if any(other.digest == key.digest and other.name != key.name for other in keys):
            raise ValidationError(f"Entry {place} has the same key as an entry with another name.")
        keys.append(key)
    return tuple(keys)


class BucketAddress(NamedTuple):
    """Where an S3-compatible store keeps our files: the bucket, the folder in it, the server ('' for AWS) and its region."""

    bucket: str
    prefix: str
    endpoint: str
    region: str

    def __str__(self) -> str:
        """Return it as people write it, without what a server and a region add."""
        return f"s3://{'/'.join(filter(None, self[:2]))}"


def parse_storage_url(text: str) -> BucketAddress | None:
    """Return the bucket that a text such as `s3://bucket/folder?endpoint=https://minio:9000&region=eu-1` names, None for none.

    Raises:
        ValidationError: it names none; the text does not repeat it.
    """
    if not text.strip():
        return None
    try:
        parts = urlsplit(text.strip())
        options = dict(
            parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        )
    except ValueError:
        raise ValidationError(STORAGE_FORM) from None
    endpoint, region = options.pop("endpoint", "").rstrip("/"), options.pop("region", "")
    named = re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc, re.ASCII)
    prefix = parts.path.strip("/")
    usable = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*(/|$))*", prefix, re.ASCII) and re.fullmatch(
        r"[a-z0-9-]*", region
    )
    if parts.scheme != "s3" or not named or not usable or options or parts.fragment:
        raise ValidationError(STORAGE_FORM)
    http_url(endpoint)
    return BucketAddress(parts.netloc, prefix, endpoint, region)


def parse_origins(text: str) -> tuple[str, ...]:
    """Return the origins that a text such as `https://app.example, http://localhost:3000` names.

    Raises:
        ValidationError: one of them is no origin.
    """
    origins = tuple(filter(None, (part.strip().rstrip("/").lower() for part in text.split(","))))
    for origin in origins:
        if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]{1,255}", origin, re.ASCII):
            raise ValidationError("Each must be a scheme and a host, such as https://app.example.")
    return origins


def yes_or_no(text: str) -> bool:
    """Return the truth that `1`, `true`, `yes`, `on` or `0`, `false`, `no`, `off` stands for; an empty text is no."""
    word = text.strip().lower()
    if word not in {"", "0", "false", "no", "off", "1", "true", "yes", "on"}:
        raise ValidationError("Must be 1 or 0.")
    return word in {"1", "true", "yes", "on"}


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this machine reach what listens on `host`. Names other than `localhost` are not looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def whole_number(text: str) -> int:
    """Return the whole number that `text` stands for, or raise ValidationError."""
    try:
        return int(text.strip())
    except ValueError:
        raise ValidationError("Not a whole number.") from None


def resolved_path(text: str) -> Path:
    """Return `text` as a path, with `~` expanded; an empty text or one with a NUL raises ValidationError."""
    if not text.strip() or "\0" in text:
        raise ValidationError("Must be the path of a folder.")
    return Path(text).expanduser()


def optional_path(text: str) -> Path | None:
    """Return `text` as a path, or None for an empty text."""
    return resolved_path(text) if text.strip() else None


def language_pair(text: str) -> str:
    """Return the language pair that `text` stands for, such as `en-es` or `eng-spa`, or raise ValidationError."""
    pair = text.strip()
    if (
        re.fullmatch(r"[A-Za-z]{2,3}(_[A-Za-z]+)*-[A-Za-z]{2,3}(_[A-Za-z]+)*", pair, re.ASCII)
        is None
    ):
        raise ValidationError("Must be two languages, such as en-es or eng-spa.")
    return pair


def http_url(text: str) -> None:
    """Let only empty texts pass and http:// or https:// URLs with a host and no password."""
    try:
        parts = urlsplit(text)
        usable = (
            parts.scheme in {"http", "https"}
            and parts.hostname
            and parts.port != 0
            and "@" not in parts.netloc
        )
    except ValueError:
        usable = False
    if text and not (usable and re.fullmatch(r"[!-~]+", text)):
        raise ValidationError(
            "Must be empty or a URL that begins with http:// or https://, without a password."
        )


def database_url(text: str) -> None:
    """Let only empty texts and postgresql:// URLs pass."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme == "postgresql" and parts.port != 0
    except ValueError:
        usable = False
    if text and not usable:
        raise ValidationError("Must be empty or a URL that begins with postgresql://.")


def bearer_key(text: str) -> str:
    """Return `text` as the key of an HTTP header, or raise ValidationError; the error does not show it."""
    key = text.strip()
    if re.fullmatch(r"[!-~]*", key) is None:
        raise ValidationError("Must be printable ASCII without spaces.")
    return key


SETTINGS: tuple[Setting, ...] = (
    Setting("HOST", "127.0.0.1", str.strip, "Address that the web process listens on."),
    Setting(
        "API_KEYS",
        "",
        parse_api_keys,
        "Who may use the API: name:sha256 pairs, comma-separated; a name may have several. Empty: whoever reaches it.",
    ),
    Setting(
        "ALLOW_ANONYMOUS",
        "0",
        yes_or_no,
        "1 to listen beyond this machine without API_KEYS; with them it changes nothing.",
    ),
    Setting(
        "PORT", "5000", whole_number, "Port that the web process listens on.", (Range(1, 65535),)
    ),
    Setting(
        "REDIS_URL",
        "",
        str.strip,
        "Redis or Valkey server: redis://, rediss:// or unix://. Empty: an embedded one, kept in DATA_DIR.",
        (one_of_schemes("redis", "rediss", "unix"),),
    ),
    Setting(
        "DATA_DIR",
        "./data",
        resolved_path,
        "Folder of the embedded broker: its files and its socket.",
    ),
    Setting(
        "OUTPUT_DIR",
        "./output",
        resolved_path,
        "Folder that drawings and other results are written to.",
    ),
    Setting(
        "UPLOAD_DIR",
        "",
        optional_path,
        "Folder that tasks may read input files from. Empty: DATA_DIR/uploads.",
    ),
    Setting("UPLOAD_TTL", "7d", parse_duration, "How long a file that a client sent is kept."),
    Setting(
        "STORAGE_URL",
        "",
        parse_storage_url,
        "S3-compatible store of results and uploads: s3://bucket/folder?endpoint=https://host&region=name. Empty: OUTPUT_DIR.",
    ),
    Setting(
        "STORAGE_TIMEOUT",
        "5s",
        parse_duration,
        "How long the store at STORAGE_URL may take to answer.",
        (Range(1, 300),),
    ),
    Setting(
        "IMMEDIATE",
        "0",
        yes_or_no,
        "1 to run each job at once in the process that queues it, without workers: for tests and demos.",
    ),
    Setting(
        "WORKERS", "1", whole_number, "Worker processes that the launcher starts.", (Range(1, 256),)
    ),
    Setting(
        "WEB_THREADS",
        "128",
        whole_number,
        "Requests that the web process serves at once.",
        (Range(1, 4096),),
    ),
    Setting(
        "MAX_STREAMS",
        "1000",
        whole_number,
        "Event streams and WebSockets that the web process holds.",
        (Range(1, 10**6),),
    ),
    Setting(
        "ALLOWED_ORIGINS",
        "",
        parse_origins,
        "Whose pages may open WebSockets where API_KEYS are set, such as https://app.example. Empty: this server's own.",
    ),
    Setting(
        "SEND_COMPLETION",
        "0",
        yes_or_no,
        "1 to end each reply on /ws/background_jobs with a frame that says so.",
    ),
    Setting(
        "SOCKET_COOLDOWN",
        "0",
        whole_number,
        "Seconds between two jobs of one WebSocket; 0 for none.",
        (Range(0, 3600),),
    ),
    Setting(
        "JOB_TIMEOUT",
        "5m",
        parse_duration,
        "How long a job may run unless it says otherwise.",
        (Range(1, 86400),),
    ),
    Setting(
        "MAX_QUEUE",
        "100000",
        whole_number,
        "Jobs that may wait; more are refused.",
        (Range(1, 10**7),),
    ),
    Setting(
        "RETRY_PAUSE",
        "1s",
        parse_duration,
        "Pause before a failed job's second attempt; later ones are longer.",
    ),
    Setting(
        "JOBS_PER_FORK",
        "200",
        whole_number,
        "Jobs that one process runs before a new one takes over.",
        (Range(1, 10**6),),
    ),
    Setting(
        "JOB_MEMORY", "4GB", optional_bytes, "Address space that a job may use. Empty: no limit."
    ),
    Setting(
        "JOB_CPU",
        "",
        optional_duration,
        "Processor time that a job may use. Empty: no limit but its timeout.",
    ),
    Setting(
        "JOB_FILE_SIZE",
        "8GB",
        optional_bytes,
        "Largest file that a job may write. Empty: no limit.",
    ),
    Setting(
        "GALLERY_URL",
        "",
        str.strip,
        "Database of the gallery's index, for several machines: postgresql://user:password@host/name. Empty: a file in DATA_DIR.",
        (database_url,),
    ),
    Setting(
        "SCHEDULES",
        "./schedules.toml",
        resolved_path,
        "File of periodic tasks; by default there may be none.",
    ),
    Setting("RESULT_TTL", "24h", parse_duration, "How long the record of a finished job is kept."),
    Setting("FAILURE_TTL", "7d", parse_duration, "How long the record of a failed job is kept."),
    Setting(
        "MAX_RESULT",
        "64kB",
        parse_bytes,
        "Largest return value of a task, as JSON; more belongs in a file.",
    ),
    Setting("MAX_BODY", "1MB", parse_bytes, "Largest JSON body of a request."),
    Setting(
        "DATA_FILE_LIMIT",
        "2GB",
        parse_bytes,
        "Largest data file that is converted or drawn as a chart.",
    ),
    Setting(
        "UPLOAD_LIMIT", "10MB", parse_bytes, "Largest file that can be sent, or fetched from a URL."
    ),
    Setting(
        "PARCELS_LIMIT",
        "256MB",
        parse_bytes,
        "Bytes of sent files that may wait in the broker until workers store them.",
    ),
    Setting(
        "FETCH_PRIVATE",
        "0",
        yes_or_no,
        "1 to let photos be fetched from private addresses and this machine, for development.",
    ),
    Setting(
        "LOG_LEVEL",
        "INFO",
        lambda text: text.strip().upper(),
        "DEBUG, INFO, WARNING or ERROR.",
        (OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]),),
    ),
    Setting(
        "SMTP_URL",
        "",
        str.strip,
        "Mail server: smtp://user:password@host:port or smtps://. Empty: mail is kept as .eml files in OUTPUT_DIR/mail.",
        (one_of_schemes("smtp", "smtps"),),
    ),
    Setting(
        "MAIL_FROM",
        "",
        str.strip,
        "Sender of mail. Empty: vector-api@localhost.",
        (optional_email,),
    ),
    Setting(
        "MAIL_PER_HOUR",
        "100",
        whole_number,
        "Mails that one owner may send within an hour.",
        (Range(1, 10**6),),
    ),
    Setting(
        "MAIL_PER_RECIPIENT",
        "20",
        whole_number,
        "Mails that one address may get within an hour.",
        (Range(1, 10**6),),
    ),
    Setting(
        "ADMIN_EMAIL",
        "",
        str.strip,
        "Who gets mail meant for the people that run the service.",
        (optional_email,),
    ),
    Setting(
        "TRANSLATION_PAIR",
        "en-es",
        language_pair,
        "Language pair that text jobs translate with, as Apertium names it.",
    ),
    Setting(
        "TEXT_MODEL_URL",
        "",
        str.strip,
        "OpenAI-compatible endpoint that text jobs ask, such as http://127.0.0.1:11434/v1. Empty: replies by keyword.",
        (http_url,),
    ),
    Setting("TEXT_MODEL", "", str.strip, "Name of the model at TEXT_MODEL_URL."),
    Setting(
        "TEXT_MODEL_KEY",
        "",
        bearer_key,
        "Key for TEXT_MODEL_URL, sent as a bearer token. Empty: none.",
    ),
    Setting(
        "DEMO_DELAYS",
        "0",
        yes_or_no,
        "1 to let text jobs take 1 to 4 seconds, so that their progress can be watched.",
    ),
    Setting(
        "RESULT_TIMESTAMPS",
        "0",
        yes_or_no,
        "1 to put the time, in UTC, in front of the answers of text jobs.",
    ),
    Setting(
        "WEBHOOK_SECRET",
        "",
        str.strip,
        "What webhooks are signed with: whsec_ and base64. Empty: a secret for each owner, which GET /webhooks/secret shows.",
        (optional_webhook_secret,),
    ),
    Setting(
        "WEBHOOK_PRIVATE",
        "0",
        yes_or_no,
        "1 to let webhooks go to private addresses and to this machine, for development.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process. Times are seconds, sizes are bytes, paths are absolute."""

    host: str
    api_keys: tuple[ApiKey, ...] = field(repr=False)
    allow_anonymous: bool
    port: int
    redis_url: str = field(repr=False)
    data_dir: Path
    output_dir: Path
    upload_dir: Path
    upload_ttl: int
    storage_url: BucketAddress | None
    storage_timeout: int
    immediate: bool
    workers: int
    web_threads: int
    max_streams: int
    allowed_origins: tuple[str, ...]
    send_completion: bool
    socket_cooldown: int
    job_timeout: int
    max_queue: int
    retry_pause: int
    jobs_per_fork: int
    job_memory: int
    job_cpu: int
    job_file_size: int
    gallery_url: str = field(repr=False)
    schedules: Path
    result_ttl: int
    failure_ttl: int
    max_result: int
    max_body: int
    data_file_limit: int
    upload_limit: int
    parcels_limit: int
    fetch_private: bool
    log_level: str
    smtp_url: str = field(repr=False)
    mail_from: str
    mail_per_hour: int
    mail_per_recipient: int
    admin_email: str
    translation_pair: str
    text_model_url: str
    text_model: str
    text_model_key: str = field(repr=False)
    demo_delays: bool
    result_timestamps: bool
    webhook_secret: str = field(repr=False)
    webhook_private: bool

    @property
    def embedded_broker(self) -> bool:
        """Tell whether the broker is the one in `data_dir`."""
        return not self.redis_url


def read_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Return the settings that the environment describes; unset and blank variables get their defaults.

    Variables that the environment does not set are looked up in `env_file` (one `NAME=value` a line), if it exists.

    Raises:
        BadSettings: one or more variables are bad; the text has a line for each.
    """
    env = Env(eager=False)
    env.add_parser("setting", _parse)
    if env_file is not None:
        env.read_env(env_file, recurse=False)
    values = {row.name.lower(): env.setting(row.name, row.default, row=row) for row in SETTINGS}
    try:
        env.seal()
    except EnvValidationError as error:
        raise BadSettings(_describe(error.error_messages)) from None
    if not (values["api_keys"] or values["allow_anonymous"] or is_loopback(values["host"])):
        raise BadSettings(_describe({"HOST": [UNGUARDED]}))
    for folder in ("data_dir", "output_dir"):
        values[folder] = values[folder].absolute()
    values["upload_dir"] = (values["upload_dir"] or values["data_dir"] / "uploads").absolute()
    return Settings(**values)


def _parse(text: str, *, row: Setting) -> Any:
    value = row.parse(text if text.strip() else row.default)
    for check in row.checks:
        check(value)
    return value


def _describe(problems: Mapping[str, Any] | list[Any]) -> str:
    lines = [
        f"  {name}: {' '.join(str(text) for text in texts)}"
        for name, texts in sorted(dict(problems).items())
    ]
    return "\n".join(["These settings cannot be used:", *lines])


def example_env() -> str:
    """Return the text of `.env.example`: every setting with its default and its meaning."""
    head = "# Settings of Vector API. Copy to .env and change what you need; unset and blank ones get these defaults.\n"
    rows = (f"\n# {row.help}\n{row.name}={row.default}\n" for row in SETTINGS)
    return head + "".join(rows)


class _Process:
    """Holds the settings that this process was started with."""

    settings: Settings | None = None


def use_settings(settings: Settings) -> Settings:
    """Make `settings` the ones of this process, and return them."""
    _Process.settings = settings
    return settings


def get_settings() -> Settings:
    """Return the settings of this process; the first call reads them, unless `use_settings` came before.

    Raises:
        BadSettings: the environment is bad (first call only).
    """
    return _Process.settings or use_settings(read_settings())
