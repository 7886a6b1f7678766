"""How curators vote on artworks: one behaviour per file."""
