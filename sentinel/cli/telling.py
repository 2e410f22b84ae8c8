"""The answer of a command that did one thing: a sentence for people, or its values with `--json`."""

import json
from argparse import Namespace
from typing import Any


def tell(arguments: Namespace, sentence: str, /, **values: Any) -> None:
    print(json.dumps(values) if arguments.json else sentence)
