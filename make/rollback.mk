.PHONY: rollback-sweep

rollback-sweep: $(VENV)/.dev  ## 500 kills between breach and acknowledged rollback request (minutes)
	$(BIN)/python -m bench.rollback_sweep
