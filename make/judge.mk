.PHONY: calibration

calibration: $(VENV)/.dev  ## false pages, delays, false rollbacks, into docs/benchmarks/calibration.md (an hour on two idle cores, goes on where it stopped; SCALE=0.1: minutes)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.calibration --scale $(or $(SCALE),1)
