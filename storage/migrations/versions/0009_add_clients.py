"""Add clients"""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Flag, Instant

revision = "0009_add_clients"
down_revision = '0008_gather_posted_cards'
branch_labels = None
depends_on = None

FILED = ("bounces", "loops", "missions", "releases", "watched_folders")


def upgrade() -> None:
    op.create_table('clients',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('channel_id', BigInt(), nullable=True),
    sa.Column('colour', sa.Text(), nullable=True),
    sa.Column('notes', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('updated_at', Instant(), nullable=False),
    sa.Column('archived_at', Instant(), nullable=True),
    sa.Column('deleted_at', Instant(), nullable=True),
    sa.Column('owner_id', BigInt(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.CheckConstraint("kind IN ('artist', 'label', 'brand', 'other')", name=op.f('ck_clients_kind_known')),
    sa.CheckConstraint("role IN ('artist', 'pr_agency', 'manager')", name=op.f('ck_clients_role_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clients')),
    sa.UniqueConstraint('id', 'owner_id', name=op.f('uq_clients_id_owner_id')),
    sqlite_strict=True
    )
    op.create_index(op.f('ix_clients_owner_id'), 'clients', ['owner_id'], unique=False)

    op.create_table('client_invites',
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('code_hash', sa.Text(), nullable=False),
    sa.Column('made_by', BigInt(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('used_at', Instant(), nullable=True),
    sa.Column('owner_id', BigInt(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['client_id', 'owner_id'], ['clients.id', 'clients.owner_id'], name=op.f('fk_client_invites_client_id_owner_id_clients'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_client_invites')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_client_invites_code_hash')),
    sqlite_strict=True
    )
    op.create_index(op.f('ix_client_invites_client_id'), 'client_invites', ['client_id'], unique=False)
    op.create_index(op.f('ix_client_invites_owner_id'), 'client_invites', ['owner_id'], unique=False)

    op.create_table('client_people',
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('user_id', BigInt(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('may_approve', Flag(), nullable=False),
    sa.Column('joined_at', Instant(), nullable=False),
    sa.Column('invited_by', BigInt(), nullable=True),
    sa.Column('owner_id', BigInt(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['client_id', 'owner_id'], ['clients.id', 'clients.owner_id'], name=op.f('fk_client_people_client_id_owner_id_clients'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_client_people')),
    sa.UniqueConstraint('owner_id', 'user_id', name=op.f('uq_client_people_owner_id_user_id')),
    sqlite_strict=True
    )
    op.create_index(op.f('ix_client_people_client_id'), 'client_people', ['client_id'], unique=False)
    op.create_index(op.f('ix_client_people_owner_id'), 'client_people', ['owner_id'], unique=False)
    op.create_index(op.f('ix_client_people_user_id'), 'client_people', ['user_id'], unique=False)

    for table in FILED:
        op.add_column(table, sa.Column('client_id', sa.Text(), nullable=True))
        op.create_index(op.f(f'ix_{table}_client_id'), table, ['client_id'], unique=False)
