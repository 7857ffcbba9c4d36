"""Connecting real accounts: what `huizhen wechat setup` puts right and `huizhen wechat doctor` finds wrong. Nobody is written to from here."""
