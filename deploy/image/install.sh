#!/bin/sh
# Installs sentinel from this source tree into a new virtual environment at $1: the image's build stage, runnable anywhere.
# Without pip inside, compiled ahead (the image is read-only), with a list of what is in it at $1/sbom.cdx.json (CycloneDX).
set -eu
target=$1
source=$(cd "$(dirname "$0")/../.." && pwd)

python3 -m venv --without-pip "$target"
python3 -m pip --python "$target/bin/python" install --disable-pip-version-check --root-user-action=ignore --quiet \
  --no-compile --only-binary :all: -c "$source/constraints.txt" "$source[postgresql,images,ed25519,inject]"
"$target/bin/python" -m compileall -q --invalidation-mode unchecked-hash "$target/lib"

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/python" -m pip install --disable-pip-version-check --quiet --only-binary :all: "cyclonedx-bom==7.5.0"
"$tools/bin/cyclonedx-py" environment --output-reproducible --output-format JSON --output-file "$target/sbom.cdx.json" \
  "$target/bin/python"
