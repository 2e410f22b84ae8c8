"""What Alembic runs: migrations over the connection that the caller lends, inside the caller's transaction."""

from alembic import context

from sentinel.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a table by copying it
)
context.run_migrations()
