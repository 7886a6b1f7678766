"""How the metrics of a network that makes art are written: name, meaning (and which way is better), unit."""

__all__ = ["ART_LABELS"]

_VOTES = "mean over the rounds that were voted on"
_SUM = "ETH, sum over all rounds"
_END = "after the last round"
ART_LABELS = {
    "works_minted": ("Works minted", "over all rounds", "count"),
    "own_choices": ("Chosen by the artist", "rounds in which the artist picked by himself, without a vote", "count"),
    "quality": (
        "Quality of minted works",
        f"true quality, 0 = an average first work, in standard deviations of first works; {_VOTES}; higher is better",
        "deviations",
    ),
    "quality_best": ("Best in the pool", "true quality of the best work to choose from", "deviations"),
    "quality_mean": ("Mean of the pool", "true quality of the average work to choose from", "deviations"),
    "quality_regret": (
        "Quality missed",
        f"the pool’s best less the minted work; {_VOTES}; lower is better",
        "deviations",
    ),
    "quality_percentile": (
        "Pool beaten",
        f"share of the works to choose from that are worse than the minted one; {_VOTES}; higher is better",
        "share",
    ),
    "vote_agreement": (
        "Votes follow quality",
        "correlation of the scores that the votes gave with true quality, over the pool; higher is better",
        "correlation",
    ),
    "taste_auc": (
        "Votes foretold",
        "how well the taste model knew the votes before; 0.5 = not at all, 1 = perfectly",
        "index",
    ),
    "turnout": ("Turnout", f"share of curators that vote; {_VOTES}", "share"),
    "points_spent": ("Points spent", f"share of the points given out; {_VOTES}", "share"),
    "winner_margin": ("Winner’s margin", f"lead over the second, of the winner’s score; {_VOTES}", "share"),
    "spread": ("Spread of the pool", "variance of the features of the works to choose from; 1 = as at first", "times"),
    "style_distance": (
        "Distance from the first style",
        "of the pool’s mean features from the start, in standard deviations of first works",
        "deviations",
    ),
    "diversity": (
        "Diversity of minted works",
        "mean distance between the features of two minted works; lower = works look alike",
        "deviations",
    ),
    "sold_share": ("Sold", "share of minted works that found a buyer; higher is better", "share"),
    "hammer_eth": ("Hammer price", "ETH, mean over the works that were sold; higher is better", "eth"),
    "revenue_eth": ("Revenue", f"of first sales, net of the marketplace; {_SUM}", "eth"),
    "marketplace_eth": ("Marketplace’s fees", _SUM, "eth"),
    "royalties_eth": ("Royalties", f"to owners of model and data on first sales; {_SUM}", "eth"),
    "resold_eth": ("Resold", f"turnover of resales; {_SUM}", "eth"),
    "rewards_eth": ("Voters’ rewards", f"set aside for voters; {_SUM}", "eth"),
    "bribes_eth": ("Bribes", f"paid for votes; {_SUM}", "eth"),
    "burned_tokens": ("Burned", f"million tokens, {_END}", "million"),
    "supply": ("Supply", f"million tokens that exist, {_END}", "million"),
    "price_eth": ("Price of 1,000 tokens", f"in ETH, {_END}", "eth_per_thousand"),
    "treasury_eth": ("Treasury’s ETH", f"ETH, {_END}", "eth"),
    "treasury_tokens": ("Treasury’s tokens", f"million tokens, {_END}", "million"),
    "gini_points": ("Gini of points", "inequality of votes; 0 = equal, 1 = one has all", "index"),
    "hhi_points": ("HHI of points", "Herfindahl–Hirschman index of votes; 1 = one has all", "index"),
    "nakamoto_points": ("Nakamoto of points", "fewest curators with over half of the votes", "count"),
    "attacker_points": ("Attackers’ points in all", "points that they vote with, per round", "count"),
    "attacker_points_share": ("Attackers’ points", "share of all points, with which one votes", "share"),
    "attacker_stake_share": ("Attackers’ stake", "share of all tokens staked", "share"),
    "attacker_reward_share": ("Attackers’ rewards", "share of what voters are paid", "share"),
    "attacker_win_share": (
        "Attackers’ wish minted",
        "share of the voted rounds in which the work won that an attacker wanted",
        "share",
    ),
    "attacker_pivotal_share": (
        "Attackers decided",
        "share of the voted rounds in which another work would have won without an attacker’s votes",
        "share",
    ),
    "sincere_reward": ("Reward of sincere voters", "ETH a round for 1,000 tokens staked", "eth_stake"),
    "attacker_reward": ("Reward of attackers", "ETH a round for 1,000 tokens staked", "eth_stake"),
    "reward_ratio": (
        "Attackers’ reward ratio",
        "reward per token of attackers over that of sincere voters; 1 = no advantage",
        "ratio",
    ),
}
