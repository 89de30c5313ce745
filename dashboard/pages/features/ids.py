"""Ids of the features page's own components."""

PAGE = "features"
TABS = "features"
CHART = "features-chart"
TABLE = "features-table"
TABLE_NOTE = "features-table-note"
CORRELATION = "features-correlation"
PROOF = "features-proof"
MATRIX = "features-matrix"
MATRIX_NOTE = "features-matrix-note"
EXPLAINED = "features-explained"
SETS = "features-sets"
SET_NAME = "features-set-name"
SET_SAVE = "features-set-save"
SET_SAID = "features-set-said"
SET_FILE = "features-set-file"
SET_ANYWAY = "features-set-anyway"


def set_action(what: str) -> str:
    """Id of the button that does ``what`` with the selected versions."""
    return f"features-set-{what}"
