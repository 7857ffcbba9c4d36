"""The key ring's own tables, in a database file (schema) of their own, apart from the data and its backups."""
