"""Walk-forward optimisation: parameters chosen on one period, tested on the next."""
