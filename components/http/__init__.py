"""HTTP: what every resource shares."""
