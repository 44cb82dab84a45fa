"""What the bot keeps about itself is called what it is: the table `remarks` becomes `bot_state`."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _rename("remarks", "bot_state")


def downgrade() -> None:
    _rename("bot_state", "remarks")


def _rename(old: str, new: str) -> None:
    op.rename_table(old, new)
    if op.get_bind().dialect.name == "postgresql":  # there the key has a name of its own, made from the table's
        op.execute(sa.text(f"ALTER INDEX {old}_pkey RENAME TO {new}_pkey"))
