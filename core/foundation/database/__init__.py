"""The practice's database and the keyring's: settings, clients, migrations; one file per dialect where dialects differ."""
