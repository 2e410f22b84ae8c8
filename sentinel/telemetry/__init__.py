"""What is shown: metrics, GPU, health, status page."""
