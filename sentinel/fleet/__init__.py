"""One judgement over the merged windows of many replicas."""
