"""One adapter for each platform that people write from: translation and HTTP only. It knows nothing of care."""
