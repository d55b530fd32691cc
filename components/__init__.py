"""HTTP in, HTTP out: one package a resource, mounted by being there."""
