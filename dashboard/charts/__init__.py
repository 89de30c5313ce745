"""Charts: ``info()`` gives exactly the numbers that are drawn, ``figure()`` draws them."""
