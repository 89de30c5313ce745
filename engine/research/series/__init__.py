"""Statistics of market series as they are, before any strategy: returns, correlation, volatility and seasons."""
