"""Drawing, plotting, jobs, storage and mail. Nothing here depends on HTTP."""
