"""Earlier versions of stored series: what was known on a date."""
