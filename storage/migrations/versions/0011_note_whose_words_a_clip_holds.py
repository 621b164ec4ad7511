"""Note whose words a clip holds"""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt

# PostgreSQL keeps 32 characters of it.
revision = "0011_note_whose_words"
down_revision = "0010_add_assignments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("loop_clips", sa.Column("written_by", BigInt(), nullable=True))
    op.add_column("mission_iterations", sa.Column("feedback_by", BigInt(), nullable=True))
