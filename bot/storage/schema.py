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
    sa.Column("feedback", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("listen_on", sa.Boolean),
    sa.Column("counts", sa.Boolean, nullable=False, server_default=sa.false()),
)
"""What was set for conversations; NULL leaves it to the bot's settings or the platform."""

counts = sa.Table(
    "counts",
    metadata,
    sa.Column("conversation", sa.String(64), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("slug", sa.String(64), primary_key=True),
    sa.Column("files", sa.Integer, nullable=False),
)
"""How many files of which genre were answered on which day, in the conversations that want that. `conversation` is a
code, as in `feedback`; `slug` a genre's, `not-sure` or `none`."""

bot_state = sa.Table(
    "bot_state",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""Small facts about the bot itself, such as the hash of the commands that Discord already knows."""

begun = sa.Table(
    "begun",
    metadata,
    sa.Column("platform", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("work", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(32), nullable=False, server_default=""),
    sa.Column("ended_s", sa.Float),
)
"""Messages that are being answered, and by which of the `processes`. Once they are (`ended_s`, since 1970), the name
alone stays for a day, so that none is answered twice."""

processes = sa.Table(
    "processes",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("place", sa.String(128), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("seen_s", sa.Float, nullable=False),
)
"""The bot's processes that use this database. `place` is where `pid` means something; `seen_s` (since 1970) when it was
last heard of, both by the database's clock."""

FEEDBACK_SALT = "feedback-salt"
"""The entry of `bot_state` with the random key of the codes that stand for people and chats; the migration makes it."""

feature_sets = sa.Table(
    "feature_sets",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("columns", sa.Text, nullable=False),
)
"""Which numbers stand in `feedback.features`: their names, one a line; the id is a hash of them."""

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("code", sa.String(64), primary_key=True),
    sa.Column("start_s", sa.Float, primary_key=True),
    sa.Column("given_on", sa.Date, nullable=False),
    sa.Column("platform", sa.String(16), nullable=False),
    sa.Column("conversation", sa.String(64), nullable=False, index=True),
    sa.Column("digest", sa.String(16), nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("predicted", sa.String(64), nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("verdict", sa.String(8), nullable=False),
    sa.Column("corrected", sa.String(64)),
    sa.Column("feature_set", sa.String(16), sa.ForeignKey("feature_sets.id"), nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
)
"""One row for each window of a rated answer. `code` stands for a person and an answer, `conversation` for a chat:
neither can be read back without the salt. `digest` names the file; `predicted` is the genre that was rated, or `none`
where the answer was that it is none of ours; `confidence` (0 to 1) how sure the model was of that genre, 0 with `none`;
`corrected` a genre, `none`, or NULL; `features` float32, little-endian, not scaled."""
