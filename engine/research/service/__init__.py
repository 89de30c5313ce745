"""Models in service: scored anew on the newest bars, watched for drift, compared with their challengers."""
