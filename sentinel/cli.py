"""The command line: one thin function per command."""


def main() -> int:
    return 0
