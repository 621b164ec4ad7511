"""Add digests of clients"""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Flag, Instant

revision = "0013_add_client_digests"
down_revision = '0012_add_handovers'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("digest", sa.Text(), nullable=False, server_default="off"))
    op.add_column("clients", sa.Column("digest_day", BigInt(), nullable=False, server_default=sa.text("4")))
    op.add_column("clients", sa.Column("digest_hour", BigInt(), nullable=False, server_default=sa.text("15")))
    op.add_column("clients", sa.Column("digest_asks", Flag(), nullable=False, server_default=sa.true()))
    op.add_column("client_people", sa.Column("wants_digest", Flag(), nullable=False, server_default=sa.false()))
    op.create_index("ix_clients_digest", "clients", ["digest"], unique=False)
    op.create_table('client_digests',
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('day', BigInt(), nullable=False),
    sa.Column('hour', BigInt(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('week', sa.Text(), nullable=False),
    sa.Column('ask_at', Instant(), nullable=False),
    sa.Column('next_at', Instant(), nullable=False),
    sa.Column('told_until', Instant(), nullable=False),
    sa.Column('asked_week', sa.Text(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('last_week', sa.Text(), nullable=False),
    sa.Column('last_outcome', sa.Text(), nullable=False),
    sa.Column('owner_id', BigInt(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.CheckConstraint("answer IN ('waiting', 'send', 'skip')", name=op.f('ck_client_digests_answer_known')),
    sa.ForeignKeyConstraint(['client_id', 'owner_id'], ['clients.id', 'clients.owner_id'], name=op.f('fk_client_digests_client_id_owner_id_clients'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_client_digests')),
    sa.UniqueConstraint('client_id', name=op.f('uq_client_digests_client_id')),
    sqlite_strict=True
    )
    op.create_index('ix_client_digests_next_at', 'client_digests', ['next_at'], unique=False)
    op.create_index('ix_client_digests_owner_id', 'client_digests', ['owner_id'], unique=False)
