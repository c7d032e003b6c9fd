"""Reports that explain themselves: content as blocks, rendered as HTML, Markdown or text."""

from hierbayes.report.pages import report_card, report_fit
from hierbayes.report.text import fit_text, model_text

__all__ = ["fit_text", "model_text", "report_card", "report_fit"]
