"""`sentinel run` and `sentinel demo`."""

from argparse import Namespace

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import file_of, settings_of

FLAGS = {"upstream": "relay.0.upstream", "listen": "relay.0.listen", "reference": "reference.path"}


def run(arguments: Namespace) -> int:
    from sentinel.relay.supervisor import run as supervise

    given = {path: getattr(arguments, flag) for flag, path in FLAGS.items() if getattr(arguments, flag)}
    return supervise(
        settings_of(arguments, given), reload=lambda: settings_of(arguments, given), file=file_of(arguments)
    )


def demo(arguments: Namespace) -> int:
    try:
        from sentinel.demo import main
    except ModuleNotFoundError as error:
        raise CommandError(
            f"the demo needs the package {error.name}; install it with: pip install 'sentinel-sidecar[demo]'"
        ) from error
    return main(arguments.rest)
