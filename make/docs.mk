.PHONY: site

site: $(VENV)/.dev  ## the documentation as a site, in site/docs/index.html
	$(BIN)/sphinx-build -q -W --keep-going -b html -c docs/sphinx . site

.PHONY: screenshots

screenshots: $(VENV)/.dev  ## pictures of the status page, in docs/images
	$(BIN)/python -m docs.screenshots
