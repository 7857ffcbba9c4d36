"""The data folder as the supervisor holds it: locked by one supervisor at a time, with a list of the processes that run on it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


class FolderInUse(Exception):
    """Another supervisor runs on this data folder; `pid` is its process id, 0 when unknown."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


class FolderLock:
    """The right to run on `data_dir`, held inside `with`, or until the process ends, however it ends (the kernel lets go of the lock).

    Entering makes the folder when it is not there (for its owner alone); raises FolderInUse, and OSError when it cannot be written.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.run_dir = data_dir / "run"
        self._descriptor = -1

    def __enter__(self) -> Self:
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.run_dir.mkdir(exist_ok=True, mode=0o700)
        descriptor = os.open(self.run_dir / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).strip()
            os.close(descriptor)
            raise FolderInUse(int(holder) if holder.isdigit() else 0) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        # The file stays: removing it would let two supervisors hold locks on two files of one name.
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = -1


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One row of the process list. `pid` is None while the process is down, `restarts` counts since the supervisor started."""

    name: str
    pid: int | None
    serving: bool
    restarts: int


@dataclass(frozen=True, slots=True)
class ProcessList:
    """What runs on this data folder, as of the last change."""

    supervisor: int
    url: str
    up: bool
    processes: tuple[ProcessState, ...]


def process_list_file(run_dir: Path) -> Path:
    return run_dir / "processes.json"


def write_process_list(run_dir: Path, listed: ProcessList) -> None:
    """Replace the list in one step, so that a reader never sees half of it."""
    path = process_list_file(run_dir)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(listed), indent=1) + "\n", "utf-8")
    draft.replace(path)


def read_process_list(run_dir: Path) -> ProcessList | None:
    """The list of a supervisor that still lives, else None."""
    try:
        stored = json.loads(process_list_file(run_dir).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    listed = ProcessList(
        supervisor=stored["supervisor"],
        url=stored["url"],
        up=stored["up"],
        processes=tuple(ProcessState(**state) for state in stored["processes"]),
    )
    return listed if Path(f"/proc/{listed.supervisor}").exists() else None


def remove_process_list(run_dir: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        process_list_file(run_dir).unlink()
