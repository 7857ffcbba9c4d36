"""The call room's signalling socket (docs/signalling.md). The room itself lives in a media process; no aiortc is loaded here."""
