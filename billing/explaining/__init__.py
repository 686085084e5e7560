"""How an invoice came about, in words and numbers to be read aloud. Pure: from what is on it, and nothing else."""

from billing.explaining._document import DiscountStory, DocumentStory, Moved, TaxStory, sentences
from billing.explaining._lines import LineStory, Part, Sold, Work, story, work
from billing.explaining._words import amount, count, day, joined, percent, span

__all__ = [
    "DiscountStory",
    "DocumentStory",
    "LineStory",
    "Moved",
    "Part",
    "Sold",
    "TaxStory",
    "Work",
    "amount",
    "count",
    "day",
    "joined",
    "percent",
    "sentences",
    "span",
    "story",
    "work",
]
