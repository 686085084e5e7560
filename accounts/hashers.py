"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane: about 30 ms, and a worker's memory stays predictable."""

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1


class CheapArgon2(Argon2PasswordHasher):
    """The same algorithm with its smallest costs, for test sessions."""

    memory_cost = 8
    time_cost = 1
    parallelism = 1
