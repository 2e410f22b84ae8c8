"""Sampled predictions are kept for the labels that come later, and what both say of a model's quality.

`labels` becomes the place where a label waits for its prediction: it knows the row of a batch, and no version.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _labels()
    _predictions()
    _quality()


def _labels() -> None:
    op.rename_table("labels", "labels_before")
    op.create_table(
        "labels",
        *_key("model", "request_id"),
        sa.Column("row_index", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("truth_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("model", "request_id", "row_index"),
    )
    op.create_index("labels_by_time", "labels", ["at"])
    copied = "INSERT INTO labels (model, request_id, row_index, at, label) SELECT model, request_id, 0, at, label"
    op.execute(f"{copied} FROM labels_before")
    op.drop_table("labels_before")
    op.create_table(
        "label_counts",
        *_key("model", "outcome"),
        sa.Column("labels", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", "outcome"),
    )


def _predictions() -> None:
    op.create_table(
        "predictions",
        *_key("request_id"),
        sa.Column("row_index", sa.Integer(), nullable=False),
        *_key("model"),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("predicted", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("scores", sa.Text(), nullable=True),
        sa.Column("truth", sa.Text(), nullable=True),
        sa.Column("truth_at", sa.Double(), nullable=True),
        sa.Column("labelled_at", sa.Double(), nullable=True),
        sa.Column("wrong", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("request_id", "row_index", "model"),
    )
    op.create_index("predictions_by_window", "predictions", ["model", "version", "started_at"])
    op.create_index("predictions_by_time", "predictions", ["at"])
    op.create_index("predictions_by_alias", "predictions", ["alias"])
    op.create_index("predictions_by_trace", "predictions", ["trace"])
    op.create_table(
        "labelled_versions",
        *_key("model", "version"),
        sa.Column("labelled", sa.BigInteger(), nullable=False),
        sa.Column("wrong", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", "version"),
    )


def _quality() -> None:
    op.create_table(
        "quality",
        *_key("model", "version"),
        sa.Column("started_at", sa.Double(), nullable=False),
        *_key("kind", "metric", "class"),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("labelled", sa.BigInteger(), nullable=False),
        sa.Column("trusted", sa.Integer(), nullable=False),
        sa.Column("why_not", sa.Text(), nullable=False),
        sa.Column("scored_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("model", "version", "started_at", "kind", "metric", "class"),
    )
    op.create_table(
        "quality_due",
        *_key("model", "version"),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("marks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", "version", "started_at"),
    )


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
