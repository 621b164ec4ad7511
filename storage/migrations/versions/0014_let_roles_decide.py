"""Let roles decide steps of missions"""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Json

revision = "0014_let_roles_decide"
down_revision = "0013_add_client_digests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("missions", sa.Column("quorum_parts", Json(), nullable=True))
    op.add_column("mission_steps", sa.Column("edited_name", sa.Text(), nullable=True))
    op.add_column("mission_steps", sa.Column("set_back", BigInt(), nullable=True))
    op.add_column("mission_steps", sa.Column("asked_client", sa.Text(), nullable=True))
    op.add_column("mission_votes", sa.Column("seen", sa.Text(), nullable=True))
    op.add_column("mission_votes", sa.Column("fits", Json(), nullable=True))
    # A number alone asked that many approvers.
    missions = sa.table("missions", sa.column("quorum", BigInt()), sa.column("quorum_parts", Json()))
    connection = op.get_bind()
    for number in connection.execute(sa.select(missions.c.quorum).distinct()).scalars().all():
        parts = [{"who": "approver", "count": number}]
        connection.execute(missions.update().where(missions.c.quorum == number).values(quorum_parts=parts))
