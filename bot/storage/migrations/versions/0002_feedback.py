"""What people say about answers, the features the network saw, and whether a conversation wants that to be kept."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SALT = "feedback-salt"


def upgrade() -> None:
    op.add_column("preferences", sa.Column("feedback", sa.Boolean, nullable=False, server_default=sa.true()))
    op.create_table(
        "feature_sets",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("columns", sa.Text, nullable=False),
    )
    op.create_table(
        "feedback",
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("start_s", sa.Float, primary_key=True),
        sa.Column("given_on", sa.Date, nullable=False),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("conversation", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(16), nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("predicted", sa.String(64), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("corrected", sa.String(64)),
        sa.Column("feature_set", sa.String(16), sa.ForeignKey("feature_sets.id"), nullable=False),
        sa.Column("features", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_feedback_conversation", "feedback", ["conversation"])
    # The key of the codes that stand for people and chats: made once, here, so that two bots on one database share it.
    remarks = sa.table("remarks", sa.column("name", sa.String), sa.column("value", sa.Text))
    op.bulk_insert(remarks, [{"name": _SALT, "value": secrets.token_hex(32)}])


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM remarks WHERE name = :name").bindparams(name=_SALT))
    op.drop_index("ix_feedback_conversation", "feedback")
    op.drop_table("feedback")
    op.drop_table("feature_sets")
    with op.batch_alter_table("preferences") as preferences:
        preferences.drop_column("feedback")
