"""Letters that tell a person what happened to his account. The job carries ids; the mail is written when it is sent."""

from accounts.models import Login, User
from jobs import services as jobs


def send(about: str, owner: Login | User, *, once: str) -> None:
    """This function will have a notice mailed in the caller's transaction; `once` names what happened, for repeats."""
    kind = "login" if isinstance(owner, Login) else "user"
    payload = {"about": about, "owner": kind, "owner_id": str(owner.pk)}
    jobs.enqueue("accounts.mail_notice", payload=payload, key=f"{about}:{owner.pk}:{once}")
