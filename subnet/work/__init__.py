"""Real work: parties of miners, their submissions, and the validators that look at them."""
