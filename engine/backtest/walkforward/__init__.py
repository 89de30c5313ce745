"""Walk-forward optimisation: parameters chosen on one stretch, judged on the next."""
