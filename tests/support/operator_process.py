"""What an operator types, in a process that is forked instead of begun: ``… ENVIRONMENT MODULE ARGUMENTS``, the environment as JSON."""

from __future__ import annotations

import json
import os
import runpy
import sys

if __name__ == "__main__":
    environment, module, *arguments = sys.argv[1:]
    os.environ.clear()
    os.environ.update(json.loads(environment))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
