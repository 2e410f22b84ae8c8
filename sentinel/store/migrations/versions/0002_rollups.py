"""Windows of older days merge into roll-ups, one per reference: two unique indexes in place of one constraint.

Incidents carry the evidence of the rollback book. Windows that wait for the fleet have an index.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

IS_WINDOW = sa.text("grain = 'window'")
IS_ROLLUP = sa.text("grain != 'window'")
KEY = ["model", "version", "replica", "started_at"]


def upgrade() -> None:
    with op.batch_alter_table("windows") as windows:
        windows.drop_constraint("one_window", type_="unique")
    op.add_column("incidents", sa.Column("rollback_evidence", sa.Double(), nullable=True))
    waiting = sa.text("standing = 'waiting'")
    op.create_index(
        "waiting_windows",
        "windows",
        ["started_at", "model", "version"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    _unique("one_window", KEY, IS_WINDOW)
    _unique("one_rollup", ["grain", *KEY, "reference_id"], IS_ROLLUP)


def _unique(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "windows", columns, unique=True, sqlite_where=where, postgresql_where=where)
