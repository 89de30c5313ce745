"""Walk-forward optimisation: parameters optimised on one period, tested on the next."""
