"""From a report page to the verdict whether its draws come again."""

from hierbayes.reproduction.records import ModelAgain, Reproduction
from hierbayes.reproduction.run import reproduce

__all__ = ["ModelAgain", "Reproduction", "reproduce"]
