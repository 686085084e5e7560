#!/usr/bin/env python
"""Perennial's command line for engineers."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if "migrate" in sys.argv[1:2] and os.environ.get("DATABASE_OWNER_URL"):
        # Tables belong to the owner; the application's role may use them and never change them.
        os.environ["DATABASE_URL"] = os.environ["DATABASE_OWNER_URL"]
    execute_from_command_line(sys.argv)
