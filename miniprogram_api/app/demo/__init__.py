"""The demonstration's county: who lives and works there, drawn from a number, made through the practice's own orders."""

from __future__ import annotations

from miniprogram_api.app.demo.start import seed

__all__ = ["seed"]
