"""HTTP resources, one package each; the application mounts every package it finds here."""
