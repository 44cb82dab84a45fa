"""Counts of genres, for the conversations that want them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("preferences", sa.Column("counts", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "counts",
        sa.Column("conversation", sa.String(64), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("slug", sa.String(64), primary_key=True),
        sa.Column("files", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("counts")
    op.drop_column("preferences", "counts")
