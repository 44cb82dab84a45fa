"""Preferences of conversations, and remarks about the bot itself."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("platform", sa.String(16), primary_key=True),
        sa.Column("conversation", sa.String(64), primary_key=True),
        sa.Column("offset_s", sa.Float),
        sa.Column("language", sa.String(8)),
        sa.Column("mode", sa.String(16), nullable=False),
    )
    op.create_table(
        "remarks",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("remarks")
    op.drop_table("preferences")
