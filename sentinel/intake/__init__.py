"""What relays and pushes hand over, made into exchanges."""
