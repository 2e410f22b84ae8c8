.PHONY: calibration

calibration: $(VENV)/.dev  ## false pages, delays, false rollbacks, into docs/benchmarks/calibration.md (an hour on two cores)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.calibration
