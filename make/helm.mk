.PHONY: chart-files

chart-files: $(VENV)/.dev  ## copy alerts, dashboards and the settings' schema into the chart, and what the chart adds to pods out of it
	$(BIN)/python -m helm.chart_files
	$(BIN)/python -m helm.fragments

.PHONY: kube-tools

kube-tools: $(VENV)/.dev  ## the real helm and kubectl for the tests, into .tools/kube (40 MB)
	$(BIN)/python -m helm.kube_tools
