"""The document storage on S3 or something that speaks like it: private files, presigned links."""

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage

# A job has 50 seconds altogether.
_CONNECT_SECONDS = 5
_READ_SECONDS = 15
_TRIES = 2


class DocumentsOnS3(S3Storage):  # type: ignore[misc] # the package has no types
    """Documents in a bucket. Nothing in it is public, and a document printed again replaces itself."""

    def get_default_settings(self) -> dict[str, Any]:
        """This function will return what holds unless an option says otherwise."""
        known: dict[str, Any] = super().get_default_settings()
        return known | {
            "default_acl": None,
            "file_overwrite": True,
            "querystring_auth": True,
            "signature_version": "s3v4",
            "client_config": Config(
                signature_version="s3v4",
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"total_max_attempts": _TRIES, "mode": "standard"},
            ),
        }
