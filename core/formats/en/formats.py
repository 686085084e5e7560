"""Instants as the console writes them: sortable, in UTC, without a month's name."""

DATETIME_FORMAT = "Y-m-d H:i:s"
DATE_FORMAT = "Y-m-d"
