"""Which process has begun what, so that several may use one database."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "processes",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("place", sa.String(128), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("seen_s", sa.Float, nullable=False),
    )
    op.add_column("begun", sa.Column("owner", sa.String(32), nullable=False, server_default=""))
    op.add_column("begun", sa.Column("ended_s", sa.Float))


def downgrade() -> None:
    op.execute("DELETE FROM begun WHERE ended_s IS NOT NULL")
    op.drop_column("begun", "ended_s")
    op.drop_column("begun", "owner")
    op.drop_table("processes")
