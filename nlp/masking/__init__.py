"""Masking what tells who somebody is in everyday Chinese text. Knows no patient and no database; who is known is handed to it."""
