.PHONY: bench-cbpe

bench-cbpe: $(VENV)/.dev  ## estimates before labels beside NannyML's, on its data (installs it apart; minutes)
	$(BIN)/python -m bench.cbpe
