"""Statistics of features: what they are like, what they say of the bars that follow, and which of them say the same."""
