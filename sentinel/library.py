"""The public library: references, windows and judges without the sidecar."""
