"""The engine of calls and images. It knows no patient, no database and no chat."""
