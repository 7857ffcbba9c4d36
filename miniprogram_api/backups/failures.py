"""Why a backup, a restore or a drill could not be done: one sentence each, which says what to do next."""

from __future__ import annotations


class BackupFailed(Exception):
    """It could not be done, and nothing was changed. ``sentence`` says why and what to do, in Chinese, without passwords or anybody's data."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class ProgramMissing(BackupFailed):
    """A program of the system is not installed."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(
            f"没有找到 {program}。Debian:apt-get install {package}。没有管理员权限时:请管理员安装,"
            f"或者下载 {package} 包后用 dpkg-deb -x 解到自己的目录,再把里面的 usr/bin 加进 PATH。"
        )
        self.program = program


class WrongPassword(BackupFailed):
    """The repository does not open with this password."""


class NoRepository(BackupFailed):
    """There is no repository at the address, or its storage cannot be reached."""


class RepositoryDamaged(BackupFailed):
    """What is stored there is incomplete or was altered."""


class TargetInUse(BackupFailed):
    """A restore would write over something."""
