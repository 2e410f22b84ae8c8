"""`transformers serve` on a tiny Llama with random weights made here: `python serve_transformers.py PORT FOLDER`."""

import os
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

port, folder = sys.argv[1], Path(sys.argv[2]) / "tiny-llama"
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
tokenizer = Tokenizer(models.BPE(vocab={character: i for i, character in enumerate(alphabet)}, merges=[]))
tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="!", pad_token="!")
fast.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
fast.save_pretrained(folder)
config = LlamaConfig(vocab_size=256, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
LlamaForCausalLM(config).save_pretrained(folder)
program = Path(sys.executable).with_name("transformers")
os.execv(program, [str(program), "serve", "--host", "127.0.0.1", "--port", port, str(folder)])
