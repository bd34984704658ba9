"""Reports of a comparison: a web page that needs nothing else, and a table for notebooks.

:meth:`skrnn.model_selection.ArchitectureComparison.to_html` and notebooks call them.
All names here are private and may change without notice.
"""

from skrnn.report.page import as_fragment as as_fragment
from skrnn.report.page import write_report as write_report
