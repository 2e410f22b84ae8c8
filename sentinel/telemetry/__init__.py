"""What people and Prometheus look at: the metric catalogue, the recorder behind it, GPU, the status page. Shell."""
