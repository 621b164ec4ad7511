"""Add handovers"""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Instant

revision = "0012_add_handovers"
down_revision = '0011_note_whose_words'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('handovers',
    sa.Column('to_owner', BigInt(), nullable=False),
    sa.Column('subject_id', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('asked_by', BigInt(), nullable=False),
    sa.Column('asked_by_name', sa.Text(), nullable=False),
    sa.Column('asked_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('owner_id', BigInt(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.CheckConstraint("state IN ('asked', 'accepted', 'declined')", name=op.f('ck_handovers_state_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handovers')),
    sqlite_strict=True
    )
    op.create_index('ix_handovers_owner_id', 'handovers', ['owner_id'], unique=False)
    op.create_index('ix_handovers_subject_id', 'handovers', ['subject_id'], unique=False)
    op.create_index('ix_handovers_to_owner_state', 'handovers', ['to_owner', 'state'], unique=False)
