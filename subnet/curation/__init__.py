"""A network that makes art: artists propose, curators vote, one work a round is minted and sold."""
