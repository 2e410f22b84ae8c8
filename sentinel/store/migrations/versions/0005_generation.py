"""What calls of language models took, as plain columns of windows and roll-ups; NULL where there were none.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

COUNTS = ("calls", "streamed", "aborted", "input_tokens", "output_tokens", "cached_tokens", "estimated_tokens")
TIMES = ("first_token", "per_token")
QUANTILES = ("p50", "p95", "p99")


def upgrade() -> None:
    for name in COUNTS:
        op.add_column("windows", sa.Column(f"llm_{name}", sa.BigInteger(), nullable=True))
    for name in TIMES:
        for quantile in QUANTILES:
            op.add_column("windows", sa.Column(f"llm_{name}_{quantile}", sa.Double(), nullable=True))
