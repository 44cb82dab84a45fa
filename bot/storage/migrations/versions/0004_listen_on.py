"""Whether a conversation wants more of a track to be heard; NULL, as before there was the choice: as the bot is set."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("preferences", sa.Column("listen_on", sa.Boolean))


def downgrade() -> None:
    with op.batch_alter_table("preferences") as preferences:
        preferences.drop_column("listen_on")
