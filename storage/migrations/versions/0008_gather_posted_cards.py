"""Gather posted cards"""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Instant

revision = "0008_gather_posted_cards"
down_revision = '0007_add_digest_shares'
branch_labels = None
depends_on = None

YEAR_MS = 365 * 24 * 3600 * 1000

COLUMNS = (
    "id, owner_id, kind, subject_id, channel_id, message_id, audio_message_id, look, locale, shown_hash,"
    " posted_by, posted_at, failed_at, keep_until"
)

TAKEN_OVER = (
    # Cards of loops were posted by their owners.
    "SELECT id, owner_id, 'loop', loop_id, channel_id, message_id, CAST(NULL AS BIGINT), look, locale, '',"
    " owner_id, created_at, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT) FROM loop_panels",
    "SELECT id, owner_id, 'bounce', bounce_id, channel_id, message_id, audio_message_id, 'picture', '', '',"
    " CAST(NULL AS BIGINT), posted_at, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT) FROM bounce_posts",
    "SELECT id, owner_id, 'mission.header', id, channel_id, message_id, CAST(NULL AS BIGINT), '', '', '',"
    f" CAST(NULL AS BIGINT), started_at, CAST(NULL AS BIGINT), started_at + {YEAR_MS} FROM mission_iterations"
    " WHERE message_id IS NOT NULL AND channel_id IS NOT NULL",
    "SELECT id, owner_id, 'mission.step', id, channel_id, message_id, CAST(NULL AS BIGINT), '', '', '',"
    f" CAST(NULL AS BIGINT), created_at, CAST(NULL AS BIGINT), created_at + {YEAR_MS} FROM mission_steps"
    " WHERE message_id IS NOT NULL AND channel_id IS NOT NULL",
)


def upgrade() -> None:
    op.create_table('posted_cards',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Text(), nullable=False),
    sa.Column('channel_id', BigInt(), nullable=False),
    sa.Column('message_id', BigInt(), nullable=False),
    sa.Column('audio_message_id', BigInt(), nullable=True),
    sa.Column('look', sa.Text(), nullable=False),
    sa.Column('locale', sa.Text(), nullable=False),
    sa.Column('shown_hash', sa.Text(), nullable=False),
    sa.Column('posted_by', BigInt(), nullable=True),
    sa.Column('posted_at', Instant(), nullable=False),
    sa.Column('failed_at', Instant(), nullable=True),
    sa.Column('keep_until', Instant(), nullable=True),
    sa.Column('owner_id', BigInt(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_posted_cards')),
    sa.UniqueConstraint('id', 'owner_id', name=op.f('uq_posted_cards_id_owner_id')),
    sa.UniqueConstraint('message_id', name=op.f('uq_posted_cards_message_id')),
    sqlite_strict=True
    )
    op.create_index('ix_posted_cards_subject', 'posted_cards', ['subject_id', 'kind'], unique=False)
    op.create_index(op.f('ix_posted_cards_owner_id'), 'posted_cards', ['owner_id'], unique=False)
    op.create_table('posted_also',
    sa.Column('posted_id', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Text(), nullable=False),
    sa.Column('owner_id', BigInt(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['posted_id', 'owner_id'], ['posted_cards.id', 'posted_cards.owner_id'], name=op.f('fk_posted_also_posted_id_owner_id_posted_cards'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_posted_also')),
    sa.UniqueConstraint('posted_id', 'subject_id', name=op.f('uq_posted_also_posted_id_subject_id')),
    sqlite_strict=True
    )
    op.create_index('ix_posted_also_subject', 'posted_also', ['subject_id'], unique=False)
    op.create_index(op.f('ix_posted_also_owner_id'), 'posted_also', ['owner_id'], unique=False)
    for rows in TAKEN_OVER:
        # WHERE true: without it SQLite takes ON CONFLICT for the condition of a join.
        rows = rows if " WHERE " in rows else f"{rows} WHERE true"
        op.execute(f"INSERT INTO posted_cards ({COLUMNS}) {rows} ON CONFLICT DO NOTHING")
    # What was to be drawn again is drawn again by the new way.
    op.execute(
        "UPDATE slots SET kind = 'redraw', lane = 'card',"
        " subject_id = REPLACE(REPLACE(subject_id, 'step:', 'mission.step:'), 'run:', 'mission.header:')"
        " WHERE kind = 'mission_redraw' AND state IN ('ready', 'leased')"
    )
    op.drop_table('loop_panels')
    op.drop_table('bounce_posts')
    for table in ('mission_iterations', 'mission_steps'):
        op.drop_column(table, 'channel_id')
        op.drop_column(table, 'message_id')
