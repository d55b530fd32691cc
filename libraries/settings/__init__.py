"""Settings of this process, read once from the environment into frozen groups."""

from libraries.settings.api_keys import ApiKey, Scope, parse_api_keys
from libraries.settings.groups import (
    AccessSettings,
    BrokerSettings,
    GallerySettings,
    JobSettings,
    LimitSettings,
    MailSettings,
    Settings,
    SocketSettings,
    StorageSettings,
    TextSettings,
    UploadSettings,
    WebhookSettings,
    WebSettings,
)
from libraries.settings.parsers import (
    BucketAddress,
    parse_duration,
    parse_storage_url,
    webhook_key,
)
from libraries.settings.process import (
    SETTINGS,
    BadSettings,
    example_env,
    get_settings,
    read_settings,
    reset_settings,
    use_settings,
)

__all__ = [
    "SETTINGS",
    "AccessSettings",
    "ApiKey",
    "BadSettings",
    "BrokerSettings",
    "BucketAddress",
    "GallerySettings",
    "JobSettings",
    "LimitSettings",
    "MailSettings",
    "Scope",
    "Settings",
    "SocketSettings",
    "StorageSettings",
    "TextSettings",
    "UploadSettings",
    "WebSettings",
    "WebhookSettings",
    "example_env",
    "get_settings",
    "parse_api_keys",
    "parse_duration",
    "parse_storage_url",
    "read_settings",
    "reset_settings",
    "use_settings",
    "webhook_key",
]
