"""What stops the local runner, in words a newcomer can act on."""


class CannotRun(Exception):
    """The runner gives up; the message says why and what to do about it.

    `exit_code` is the process's exit status: 1 for a failure on the way, 2 for what was found before anything started.
    """

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
