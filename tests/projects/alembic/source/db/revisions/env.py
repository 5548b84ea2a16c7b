import os

from alembic import context
