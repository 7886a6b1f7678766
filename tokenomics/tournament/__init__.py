"""A staked prediction tournament: who is at risk, what a round pays and burns, and where the money lies."""
