"""The tables, as the newest migration leaves them; a test compares the two."""

import sqlalchemy as sa

metadata = sa.MetaData()

preferences = sa.Table(
    "preferences",
    metadata,
    sa.Column("platform", sa.String(16), primary_key=True),
    sa.Column("conversation", sa.String(64), primary_key=True),
    sa.Column("offset_s", sa.Float),
    sa.Column("language", sa.String(8)),
    sa.Column("mode", sa.String(16), nullable=False),
)

remarks = sa.Table(
    "remarks",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""Small facts about the bot itself, such as the hash of the commands that Discord already knows."""
