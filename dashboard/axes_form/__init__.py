"""Forms of searches: a row for each parameter that varies around the request in the page's form."""
