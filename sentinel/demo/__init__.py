"""The main job on one machine: a real model, a sidecar, traffic that drifts, a rollback."""
