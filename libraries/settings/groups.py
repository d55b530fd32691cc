"""Groups of settings. Each setting is declared once with default, parser and description."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

from marshmallow.validate import OneOf, Range

from libraries.settings.api_keys import ApiKey, parse_api_keys
from libraries.settings.declaring import SettingsGroup, setting
from libraries.settings.parsers import (
    BucketAddress,
    bearer_key,
    database_url,
    encrypted_url,
    http_url,
    identifier,
    language_pair,
    one_of_schemes,
    optional,
    optional_email,
    optional_path,
    optional_secret_key,
    optional_webhook_secret,
    parse_bytes,
    parse_duration,
    parse_host_names,
    parse_origins,
    parse_storage_url,
    resolved_path,
    whole_number,
    yes_or_no,
)


class WebSettings(SettingsGroup):
    """The web process."""

    host: str = setting("127.0.0.1", str.strip, "Address that the web process listens on.")
    port: int = setting(
        "5000", whole_number, "Port that the web process listens on.", Range(1, 65535)
    )
    web_processes: int = setting(
        "2",
        whole_number,
        "Web processes; immediate mode uses one. Limits of a web process apply to each of them.",
        Range(1, 64),
    )
    web_threads: int = setting(
        "128",
        whole_number,
        "Maximum number of requests that a web process serves at once, most of which wait.",
        Range(1, 4096),
    )
    max_streams: int = setting(
        "1000",
        whole_number,
        "Maximum number of open event streams and WebSockets of a web process.",
        Range(1, 10**6),
    )
    web_recycle_memory: int = setting(
        "300MB",
        optional(parse_bytes),
        "Memory at which a new web process replaces a running one. Empty: none.",
    )
    max_body: int = setting("1MB", parse_bytes, "Largest JSON body of a request.")
    allowed_origins: tuple[str, ...] = setting(
        "",
        parse_origins,
        "Origins whose pages may use the API, such as https://app.example, comma-separated. Empty: only the service's own pages.",
    )
    allowed_hosts: tuple[str, ...] = setting(
        "",
        parse_host_names,
        "Host names of the service besides localhost and HOST, such as plotter.example or *.example.com, comma-separated.",
    )
    log_level: str = setting(
        "INFO",
        lambda text: text.strip().upper(),
        "DEBUG, INFO, WARNING or ERROR.",
        OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]),
    )


class AccessSettings(SettingsGroup):
    """Access to the API."""

    api_keys: tuple[ApiKey, ...] = setting(
        "",
        parse_api_keys,
        "Allowed clients: name:sha256[:scopes][:expires], comma-separated; a name may have several. Empty: no restriction.",
        secret=True,
    )
    allow_anonymous: bool = setting(
        "0",
        yes_or_no,
        "1 to listen on addresses other than loopback without API_KEYS; no effect if they are set.",
    )
    secret_key: str = setting(
        "",
        str.strip,
        "Secret of job ids, links, tokens and webhooks, 16 characters or more. Empty: a random one in the broker.",
        optional_secret_key,
        secret=True,
    )
    link_secret: str = setting(
        "",
        str.strip,
        "Any text. Changing it revokes all links and tokens.",
        secret=True,
    )


class LimitSettings(SettingsGroup):
    """Limits per owner; 0 for the default."""

    DEFAULTS: ClassVar = {"owner_requests": 6000, "owner_queue": 20_000, "owner_storage": 10**11}

    owner_requests: int = setting(
        "",
        optional(whole_number),
        "Requests a minute of one owner. Empty: 6000 with API_KEYS, otherwise no limit.",
        Range(0, 10**7),
    )
    owner_queue: int = setting(
        "",
        optional(whole_number),
        "Waiting jobs of one owner. Empty: 20000 with API_KEYS, otherwise MAX_QUEUE.",
        Range(0, 10**7),
    )
    owner_running: int = setting(
        "",
        optional(whole_number),
        "Jobs of one owner that are at the front of the queue or run, over all workers. Empty: no limit.",
        Range(0, 10**4),
    )
    owner_storage: int = setting(
        "",
        optional(parse_bytes),
        "Size of the files that the jobs of one owner keep. Empty: 100GB with API_KEYS, otherwise no limit.",
    )

    def limit(self, name: str) -> int | None:
        """Return a limit of each owner by the name of its setting, None for no limit."""
        keyed = bool(AccessSettings.current().api_keys)
        return getattr(self, name) or (self.DEFAULTS.get(name) if keyed else None)


class BrokerSettings(SettingsGroup):
    """The connection to Redis or Valkey, or the folder of the embedded broker."""

    redis_url: str = setting(
        "",
        str.strip,
        "Redis or Valkey server: redis://, rediss:// or unix://. Empty: an embedded one in DATA_DIR.",
        one_of_schemes("redis", "rediss", "unix"),
        secret=True,
    )
    data_dir: Path = setting(
        "./data", resolved_path, "Folder of the embedded broker: its files and its socket."
    )

    @property
    def embedded_broker(self) -> bool:
        """True if the embedded broker is used."""
        return not self.redis_url


class JobSettings(SettingsGroup):
    """The queue, the workers and the limits of a job."""

    immediate: bool = setting(
        "0",
        yes_or_no,
        "1 to run each job immediately in the process that submits it, without workers; for tests and demos.",
    )
    job_backend: str = setting(
        "",
        str.strip,
        "Dotted path of a class that replaces RQ, such as examples.celery_backend.CeleryBackend. Empty: RQ.",
    )
    workers: int = setting(
        "1", whole_number, "Worker processes that the launcher starts.", Range(1, 256)
    )
    job_timeout: int = setting(
        "5m", parse_duration, "Default time limit of a job.", Range(1, 86400)
    )
    max_queue: int = setting(
        "100000",
        whole_number,
        "Maximum number of waiting jobs; more are rejected.",
        Range(1, 10**7),
    )
    high_per_owner: int = setting(
        "20",
        whole_number,
        "Maximum number of waiting jobs with priority high per API key.",
        Range(1, 10**6),
    )
    retry_pause: int = setting(
        "1s",
        parse_duration,
        "Delay before the second attempt of a failed job; later delays are longer.",
    )
    jobs_per_fork: int = setting(
        "200",
        whole_number,
        "Jobs that one process runs before a new one replaces it.",
        Range(1, 10**6),
    )
    job_memory: int = setting(
        "4GB", optional(parse_bytes), "Address space limit of a job. Empty: none."
    )
    job_cpu: int = setting(
        "", optional(parse_duration), "Processor time limit of a job. Empty: only its time limit."
    )
    job_file_size: int = setting(
        "8GB", optional(parse_bytes), "Size limit of a file that a job writes. Empty: none."
    )
    result_ttl: int = setting(
        "24h", parse_duration, "How long the record of a finished job is kept."
    )
    failure_ttl: int = setting("7d", parse_duration, "How long the record of a failed job is kept.")
    max_result: int = setting(
        "64kB",
        parse_bytes,
        "Largest return value of a task as JSON; store larger results as files.",
    )
    schedules: Path = setting(
        "./schedules.toml", resolved_path, "File of periodic tasks; the default file is optional."
    )


class StorageSettings(SettingsGroup):
    """Storage of results and uploads."""

    output_dir: Path = setting("./output", resolved_path, "Folder of drawings and other results.")
    upload_dir: Path = setting(
        "", optional_path, "Folder of input files for tasks. Empty: DATA_DIR/uploads."
    )
    storage_url: BucketAddress | None = setting(
        "",
        parse_storage_url,
        "S3-compatible storage of results and uploads: s3://bucket/folder?endpoint=https://host&region=name. Empty: OUTPUT_DIR.",
    )
    storage_timeout: int = setting(
        "5s", parse_duration, "Timeout of requests to STORAGE_URL.", Range(1, 300)
    )
    env_name: str = setting(
        "",
        identifier,
        "dev to store all files in folders, or another name, such as test, to refuse to start without a remote storage. "
        "Empty: as configured.",
    )
    cf_acct_id: str = setting(
        "",
        identifier,
        "Account id of Cloudflare Images, which then stores photos. Needs CF_IMG_TOKEN and CF_IMG_HASH. Empty: photos are stored as other results.",
    )
    cf_img_token: str = setting(
        "", bearer_key, "API token with the permission to edit Cloudflare Images.", secret=True
    )
    cf_img_hash: str = setting(
        "",
        identifier,
        "Account hash of Cloudflare Images, which is part of the addresses of photos.",
    )
    cf_api_url: str = setting(
        "https://api.cloudflare.com/client/v4",
        str.strip,
        "Address of Cloudflare's API.",
        encrypted_url,
    )


class UploadSettings(SettingsGroup):
    """Uploads and downloads."""

    upload_ttl: int = setting("7d", parse_duration, "How long an uploaded file is kept.")
    upload_limit: int = setting(
        "10MB",
        parse_bytes,
        "Largest file that can be uploaded, or downloaded from a URL. Drawings have SVG_LIMIT if that is more.",
    )
    svg_limit: int = setting(
        "20MB",
        parse_bytes,
        "Largest drawing that is uploaded or plotted, also after decompression.",
    )
    parcels_limit: int = setting(
        "256MB",
        parse_bytes,
        "Maximum size of all uploaded files that wait in the broker to be stored.",
    )
    data_file_limit: int = setting(
        "2GB", parse_bytes, "Largest data file that is converted or drawn as a chart."
    )
    fetch_private: bool = setting(
        "0",
        yes_or_no,
        "1 to allow downloads of photos from private addresses and this machine, for development.",
    )


class MailSettings(SettingsGroup):
    """Outgoing mail."""

    smtp_url: str = setting(
        "",
        str.strip,
        "Mail server: smtp://user:password@host:port or smtps://. Empty: mails are written to OUTPUT_DIR/mail as .eml files.",
        one_of_schemes("smtp", "smtps"),
        secret=True,
    )
    mail_from: str = setting(
        "", str.strip, "Sender of mails. Empty: vector-api@localhost.", optional_email
    )
    mail_per_hour: int = setting(
        "100", whole_number, "Mails that one owner may send within an hour.", Range(1, 10**6)
    )
    mail_per_recipient: int = setting(
        "20", whole_number, "Mails that one address may receive within an hour.", Range(1, 10**6)
    )
    admin_email: str = setting("", str.strip, "Recipient of contact messages.", optional_email)


class GallerySettings(SettingsGroup):
    """The gallery index."""

    gallery_url: str = setting(
        "",
        str.strip,
        "Database of the gallery index, for several machines: postgresql://user:password@host/name. Empty: a file in DATA_DIR.",
        database_url,
        secret=True,
    )


class TextSettings(SettingsGroup):
    """Text jobs."""

    translation_pair: str = setting(
        "en-es", language_pair, "Language pair of translations, as named by Apertium."
    )
    text_model_url: str = setting(
        "",
        str.strip,
        "OpenAI-compatible endpoint for text jobs, such as http://127.0.0.1:11434/v1. Empty: replies by keyword.",
        http_url,
    )
    text_model: str = setting("", str.strip, "Name of the model at TEXT_MODEL_URL.")
    text_model_key: str = setting(
        "", bearer_key, "Key for TEXT_MODEL_URL, sent as a bearer token. Empty: none.", secret=True
    )
    demo_delays: bool = setting(
        "0",
        yes_or_no,
        "1 to extend text jobs to 1 to 4 seconds, so that their progress is visible.",
    )
    result_timestamps: bool = setting(
        "0", yes_or_no, "1 to prefix the results of text jobs with the UTC time."
    )


class WebhookSettings(SettingsGroup):
    """Webhooks."""

    webhook_secret: str = setting(
        "",
        str.strip,
        "Signing secret of webhooks: whsec_ and base64. Empty: one secret per owner, see GET /webhooks/secret.",
        optional_webhook_secret,
        secret=True,
    )
    webhook_private: bool = setting(
        "0",
        yes_or_no,
        "1 to allow webhooks to private addresses and this machine, for development.",
    )


class SocketSettings(SettingsGroup):
    """WebSockets."""

    send_completion: bool = setting(
        "0", yes_or_no, "1 to end each reply on /ws/background_jobs with a completion frame."
    )
    socket_cooldown: int = setting(
        "0", whole_number, "Seconds between two jobs of one WebSocket; 0 for none.", Range(0, 3600)
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process. Times are in seconds, sizes in bytes, paths are absolute."""

    web: WebSettings
    access: AccessSettings
    limits: LimitSettings
    broker: BrokerSettings
    jobs: JobSettings
    storage: StorageSettings
    uploads: UploadSettings
    mail: MailSettings
    gallery: GallerySettings
    texts: TextSettings
    webhooks: WebhookSettings
    sockets: SocketSettings

    @classmethod
    def groups(cls) -> dict[str, type[SettingsGroup]]:
        """Return the classes of the groups by attribute name."""
        kinds = get_type_hints(cls)
        return {one.name: kinds[one.name] for one in dataclasses.fields(cls)}

    def with_values(self, **values: Any) -> Settings:
        """Return a copy with other values for settings such as `port`."""
        changed = {}
        for group in dataclasses.fields(self):
            held = getattr(self, group.name)
            own = {one.name for one in dataclasses.fields(held)} & values.keys()
            if own:
                changed[group.name] = dataclasses.replace(
                    held, **{name: values.pop(name) for name in own}
                )
        if values:
            raise TypeError(f"unknown settings: {', '.join(sorted(values))}")
        return dataclasses.replace(self, **changed)
