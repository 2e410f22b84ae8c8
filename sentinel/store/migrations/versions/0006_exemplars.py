"""Failed and slowest exchanges of windows and roll-ups, as JSON; NULL where none was told of.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("windows", sa.Column("exemplars", sa.Text(), nullable=True))
