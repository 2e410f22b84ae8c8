.PHONY: observability

observability: $(VENV)/.dev  ## build dashboards/, alerts/*.yml, docs/metrics.md and docs/alerts.md again
	$(BIN)/python -m sentinel.observability
