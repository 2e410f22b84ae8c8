.PHONY: chart-files

chart-files: $(VENV)/.dev  ## copy alerts, dashboards and the settings' schema into the chart
	$(BIN)/python -m helm.chart_files
