"""Commands on rollbacks, on the fleet that decides them, and on the store they are kept in."""

from sentinel.cli.command import Command, arg
from sentinel.cli.commands.arguments import ACTOR, CONFIG, JSON, REASON, STORE

COMMANDS = (
    Command(
        "rollback status",
        "Show whether rollbacks are armed, what waits, what was sent, what was decided and why.",
        "rollback:status",
        "sentinel rollback status",
        (CONFIG, STORE, JSON),
    ),
    Command(
        "rollback pause",
        "Stop deciding and sending rollbacks until resumed.",
        "rollback:pause",
        'sentinel rollback pause --reason "database maintenance"',
        (CONFIG, STORE, REASON, ACTOR, JSON),
    ),
    Command(
        "rollback resume",
        "End a pause, or ask a target again that answered 410 Gone.",
        "rollback:resume",
        'sentinel rollback resume --reason "maintenance is over"',
        (CONFIG, STORE, REASON, ACTOR, arg("--target", metavar="NAME", help="a disabled target"), JSON),
    ),
    Command(
        "rollback replay",
        "Send a dead letter again, under the same id and with the same bytes.",
        "rollback:replay",
        'sentinel rollback replay 4f1c… --reason "the deployer is back"',
        (arg("id", metavar="ID", help="see sentinel rollback status"), CONFIG, STORE, REASON, ACTOR, JSON),
    ),
    Command(
        "fleet",
        "Judge the windows of all replicas together over their shared store; of several such processes one leads.",
        "fleet:fleet",
        "sentinel fleet --config sentinel.yaml",
        (CONFIG, STORE),
    ),
    Command(
        "db upgrade",
        "Bring the store's schema to this release.",
        "database:upgrade",
        "sentinel db upgrade --store postgresql+psycopg://sentinel@db/sentinel",
        (CONFIG, STORE, JSON),
    ),
    Command(
        "db check",
        "Check the store's schema and the chain of its audit; exit 1 when either is not as it should be.",
        "database:check",
        "sentinel db check",
        (CONFIG, STORE, JSON),
    ),
)
