"""Printed documents: what stands on them (`content`), how it is written (`formats`, `wording`) and set (`typesetting`).

Pure: nothing in here knows Django, the database, the clock or the network. One content is always the same bytes.
"""
