.PHONY: bench-drift

bench-drift: $(VENV)/.dev  ## the drift engine beside evidently, nannyml and whylogs (installs them apart; minutes)
	$(BIN)/python -m bench.drift
