"""Migrations, run from inside the package: no alembic.ini, no working directory.

`versions/` holds one file per revision. The newest one's result equals `sentinel.store.schema` (a test compares them).
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def config(connection: Connection) -> Config:
    """Alembic's configuration over the caller's connection, in the caller's transaction."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run what is missing up to `revision`."""
    command.upgrade(config(connection), revision)
