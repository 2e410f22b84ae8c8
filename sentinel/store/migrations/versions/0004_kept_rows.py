"""A bounded sample of rows, for those who ask for it.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "kept_rows",
        sa.Column("id", SERIAL, primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("model", "version", "replica")),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("started_at", "ended_at")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("seen", "kept")),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("kept_rows_by_time", "kept_rows", ["started_at"])
