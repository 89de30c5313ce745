"""Results as text: numbers with units, metrics, the reports of ``stratoscope run``. Nothing here needs Dash."""
