"""The ground floor: numbers, shares, emission and payouts."""
