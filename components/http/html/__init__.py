"""Pages for browsers, and the description of routes that pages show."""
