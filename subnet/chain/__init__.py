"""The chain's epoch around the consensus formula."""
