"""Drawing, plotting, jobs, storage and mail. Nothing here depends on HTTP."""

VERSION = "0.1.0"
