"""How a staked prediction tournament of the Numerai kind scores what is submitted."""
