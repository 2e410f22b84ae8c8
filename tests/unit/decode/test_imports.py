"""What only some traffic needs is imported with the first of it."""

import subprocess
import sys


def test_protobuf_and_pillow_stay_out_until_needed():
    code = "import sentinel.decode, sentinel.features, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"google.protobuf", "PIL", "scipy", "pandas"} & set(loaded)
