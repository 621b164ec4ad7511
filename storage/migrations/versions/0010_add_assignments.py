"""Add assignments"""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Instant

revision = "0010_add_assignments"
down_revision = '0009_add_clients'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('assignments',
    sa.Column('subject_kind', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Text(), nullable=False),
    sa.Column('assignee_kind', sa.Text(), nullable=False),
    sa.Column('user_id', BigInt(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('assigned_by', BigInt(), nullable=False),
    sa.Column('assigned_by_name', sa.Text(), nullable=False),
    sa.Column('assigned_at', Instant(), nullable=False),
    sa.Column('told_at', Instant(), nullable=True),
    sa.Column('client_id', sa.Text(), nullable=True),
    sa.Column('owner_id', BigInt(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.CheckConstraint("assignee_kind IN ('person', 'client')", name=op.f('ck_assignments_assignee_kind_known')),
    sa.CheckConstraint("state IN ('open', 'handed_on', 'withdrawn')", name=op.f('ck_assignments_state_known')),
    sa.CheckConstraint("subject_kind IN ('clip')", name=op.f('ck_assignments_subject_kind_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignments')),
    sqlite_strict=True
    )
    op.create_index('ix_assignments_client_id', 'assignments', ['client_id'], unique=False)
    op.create_index('ix_assignments_owner_id', 'assignments', ['owner_id'], unique=False)
    op.create_index('ix_assignments_subject_id', 'assignments', ['subject_id'], unique=False)
    op.create_index('ix_assignments_user_id_state', 'assignments', ['user_id', 'state'], unique=False)
