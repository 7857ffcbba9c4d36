#!/usr/bin/env bash
# Locks every dependency again: exact versions and hashes, no addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
for part in bootstrap run copies test training bench-build bench node; do
  echo "· requirements/$part.txt"
  .venv/bin/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate \
    "requirements/$part.in" -o "requirements/$part.txt"
done
echo '· package-lock.json'
npm install --package-lock-only --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved=true
# npm notes where packages ask for donations; a lock file is names, versions and hashes.
.venv/bin/python - <<'PYTHON'
import json, pathlib
path = pathlib.Path("package-lock.json")
lock = json.loads(path.read_text())
for package in lock["packages"].values():
    package.pop("funding", None)
path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")
PYTHON
