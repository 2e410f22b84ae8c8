.PHONY: llm-compare

llm-compare: $(VENV)/.dev  ## figures on language models beside those of llama.cpp and transformers serve (builds and installs them on first use; minutes)
	$(BIN)/python -m bench.llm
