.PHONY: observability

observability: $(VENV)/.dev  ## build dashboards/, alerts/*.yml, docs/metrics.md and docs/alerts.md again
	$(BIN)/python -m sentinel.observability

.PHONY: bench-scrape

bench-scrape: $(VENV)/.dev  ## scrapes of /metrics under load, beside prometheus-client's own gauges (a minute)
	$(BIN)/python -m bench.scrape
