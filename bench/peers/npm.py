"""Packages of npm that are only used by the benchmark, in the cache: downloaded once, and their hashes are verified."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.machinery import BenchError
from bench.peers.foreign import cache_folder

TIMEOUT_S = 300


@dataclass(frozen=True)
class NpmPackage:
    """A package with its version; `integrity` is `dist.integrity` in the registry, without `sha512-`.

    No scripts of the package run, and its dependencies are not installed.
    """

    name: str
    version: str
    integrity: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def modules(self) -> Path:
        """Return the folder that `NODE_PATH` needs for this package."""
        return cache_folder() / "npm" / str(self)

    def folder(self) -> Path:
        """Return the folder of the package, downloaded if necessary; raise BenchError if that fails."""
        folder = self.modules / self.name
        if not folder.exists():
            # The name of a package may have a scope.
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.modules) as temporary:
                packed = self._downloaded(Path(temporary))
                with tarfile.open(packed) as archive:
                    archive.extractall(temporary, filter="data")
                packed.unlink()
                next(path for path in Path(temporary).iterdir() if path.is_dir()).rename(folder)
        return folder

    def _downloaded(self, folder: Path) -> Path:
        options = ["--loglevel=error", "--pack-destination", str(folder)]
        try:
            done = subprocess.run(
                [program("npm"), "pack", str(self), *options],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"npm did not download {self} in {TIMEOUT_S} s") from None
        packed = next(folder.glob("*.tgz"), None)
        if done.returncode != 0 or packed is None:
            reason = (done.stderr or done.stdout)[:200].strip()
            raise BenchError(f"npm could not download {self}: {reason}")
        digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
        if digest != self.integrity:
            raise BenchError(f"checksum mismatch of {self}")
        return packed


def program(name: str) -> str:
    """Return the path of `node` or `npm`; raise BenchError if it is not installed."""
    path = shutil.which(name)
    if path is None:
        raise BenchError(f"{name} is not installed")
    return path


SAXI = NpmPackage(
    "saxi",
    "0.15.0",
    "SVUu75kD8e4J2x3IXX1tPGnTDMcbgYnGcGpM20o/zYb1YtN1DJ2nnL/PLW755a9W4AQ0GsOrRj90uEpWFSrgYg==",
)
