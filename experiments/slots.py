"""Where rules live: one folder per slot, one file per rule, the file's name is its `kind`."""

import ast
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import NamedTuple

from experiments.errors import UserError
from experiments.wording import nearest

__all__ = ["BLOCKS", "SLOTS", "Block", "Slot", "block_class", "find", "headline", "kinds"]


class Slot(NamedTuple):
    """A question with alternative answers: its folder, what it decides, what its rules must have.

    `default` is the kind where a config names none; `reserved` are keys that stand beside a rule's parameters. A need
    with a bar is met by either name.
    """

    package: str
    help: str
    needs: tuple[str, ...]
    default: str | None = None
    reserved: tuple[str, ...] = ("kind",)


class Block(NamedTuple):
    """A block with one rule: the module that holds it, its class, and what has it."""

    module: str
    name: str
    owner: str


# In the order of an epoch: who works, who looks, what is agreed, who gets what.
SLOTS = {
    "task": Slot(
        "subnet.tasks",
        "what miners learn",
        ("predicts", "signature", "num_groups", "load", "batch", "holdout", "demand", "prior", "fingerprint"),
        "digits",
    ),
    "model": Slot("miners.models", "what miners train", ("reads", "init", "apply", "flops"), "mlp"),
    "miners": Slot(
        "miners.strategies",
        "how a party of miners behaves",
        ("plan", "init", "submit", "identities"),
        "honest",
        ("kind", "count", "model", "training"),
    ),
    "actions": Slot(
        "subnet.actions",
        "where honest opinions and stake come from, without miners that train",
        ("adversaries",),
        "recorded",
    ),
    "overlays": Slot("validators.strategies", "validators laid over the honest ones", ("weights", "stake_share")),
    "stakers": Slot("miners.stakers", "how owners stake on their own models", ("decide", "open"), "hold"),
    "scoring": Slot(
        "validators.scoring", "how good a submission is", ("predicts", "measure", "init", "step"), "log_loss"
    ),
    "weighting": Slot("validators.weighting", "from scores to weights", ("weights",), "proportional"),
    "consensus": Slot("subnet.consensus", "whose opinion counts, what is agreed", ("init", "step"), "yuma"),
    "emission": Slot("tokenomics.emission", "how much is minted", ("minted",), "constant"),
    "tournament": Slot("subnet.rounds", "what is staked on one's own predictions", ("opens",), "none"),
    "slashing": Slot("tokenomics.slashing", "what misbehaviour costs", ("penalties", "destination")),
    "artists": Slot(
        "miners.artists", "what makes pictures", ("train", "start", "features", "pictures", "genome_size"), "cppn"
    ),
    "curators": Slot("validators.curators", "how curators vote on pictures", ("vote", "boost", "choose"), "sincere"),
    "points": Slot(
        "tokenomics.curation.points", "how many points a stake may vote with", ("allot", "carry"), "per_round"
    ),
    "tally": Slot(
        "tokenomics.curation.tallies", "from votes to the work that is minted", ("init", "score", "close"), "net_points"
    ),
    "revenue": Slot("tokenomics.curation.revenue", "where the revenue of a sale goes", ("spelt_out",), "split"),
    "pool": Slot("tokenomics.pools", "what a token is worth", ("init", "price", "sell", "buy"), "fixed_price"),
    "registration": Slot("subnet.registration", "who may join", ("opens",), "closed"),
}
BLOCKS = {
    "training": Block("miners.training", "Training", "an experiment whose miners train"),
    "validators": Block("subnet.work.population", "Evaluators", "an experiment whose miners train"),
    "costs": Block("tokenomics.costs", "Costs", "every experiment"),
    "delegation": Block("tokenomics.delegation", "Delegation", "every experiment"),
    "entry": Block("miners.entry", "Entry", "every experiment"),
    "learning": Block("miners.taste", "TasteLearning", "an experiment with curators"),
    "collectors": Block("subnet.curation.collectors", "Collectors", "an experiment with curators"),
    "market": Block("subnet.curation.market", "Market", "an experiment with curators"),
    "fragments": Block("tokenomics.curation.fragments", "Fragments", "every design of art"),
    "auction": Block("tokenomics.curation.auction", "Auction", "every design of art"),
    "rewards": Block("tokenomics.curation.rewards", "ActiveRewards", "every design of art"),
    "royalties": Block("tokenomics.royalties", "Royalties", "every design of art"),
    "record": Block("experiments.experiment", "Record", "every experiment"),
    "chain": Block("subnet.chain.rules", "ChainRules", "every design"),
    "payout": Block("tokenomics.payouts.emission_split", "EmissionSplit", "every design"),
    "bets": Block("tokenomics.payouts.at_risk", "StakeAtRisk", "every design"),
    "staking": Block("tokenomics.staking", "Staking", "every design"),
}


def kinds(slot: str) -> dict[str, Path]:
    """Return the kinds found in a slot's folder with their files; nothing is imported."""
    spec = importlib.util.find_spec(SLOTS[slot].package)
    folders = spec.submodule_search_locations if spec else None
    files = sorted(file for folder in folders or () for file in Path(folder).glob("*.py"))
    return {file.stem: file for file in files if not file.stem.startswith("_") and file.stem != "base"}


def headline(file: Path, name: str | None = None) -> str:
    """Return the first line of the docstring of a module, or of its class `name`; nothing is imported."""
    try:
        node: ast.Module | ast.ClassDef = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return "(this file cannot be read as Python)"
    found = [part for part in node.body if isinstance(part, ast.ClassDef) and part.name == name]
    text = ast.get_docstring(found[0] if found else node)
    return text.splitlines()[0] if text else ""


def find(slot: str, kind: str) -> type:
    """Return the class of a kind: a file of the slot's folder, or any module path.

    Args:
        slot: a key of `SLOTS`.
        kind: `yuma`, or `my_lab.rules.yuma`; modules below the current directory are found.

    Raises:
        UserError: no such kind, or its module is broken; the message begins with `kind = `.
    """
    known = kinds(slot)
    if kind in known:
        return _rule(f"{SLOTS[slot].package}.{kind}", kind, slot)
    if not _is_importable(kind):
        raise UserError(
            f'kind = "{kind}" is unknown{nearest(kind, known)} found: {", ".join(known)}, or any module path'
        )
    return _rule(kind, kind, slot)


def block_class(name: str) -> type:
    """Return the class of a block with one rule, a key of `BLOCKS`."""
    block = BLOCKS[name]
    found: type = getattr(importlib.import_module(block.module), block.name)
    return found


def _load(module: str, shown: str) -> type:
    """Return the one class that a module exposes.

    Args:
        module: its import path.
        shown: how the user wrote it.

    Raises:
        UserError: the import fails, or `__all__` does not name exactly one class.
    """
    try:
        made = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # somebody's module may fail in any way
        raise UserError(f'kind = "{shown}": importing {module} failed: {_told(error)}') from error
    names = getattr(made, "__all__", None)
    names = list(names) if isinstance(names, list | tuple) else []
    exposed = [getattr(made, name, None) for name in names if isinstance(name, str)]
    classes = [found for found in exposed if isinstance(found, type)]
    if len(classes) != 1:
        raise UserError(
            f'kind = "{shown}": {module} must expose exactly one class in __all__, but exposes '
            f"{', '.join(c.__name__ for c in classes) or 'none'}"
        )
    return classes[0]


def _rule(module: str, kind: str, slot: str) -> type:
    from experiments.parameters import parameters  # not at the top: listing kinds needs no pydantic

    found = _load(module, kind)
    fields = getattr(found, "__dataclass_fields__", None)
    if fields is None:
        raise UserError(f'kind = "{kind}": {found.__name__} is no mechanism; put @mechanism above the class')
    try:
        known = parameters(found)
    except UserError as error:
        raise UserError(f'kind = "{kind}": {error}') from error
    if taken := [name for name in known if name in SLOTS[slot].reserved]:
        raise UserError(
            f'kind = "{kind}": {found.__name__} has a parameter {", ".join(taken)}, which every block of {slot} has; '
            f"rename it"
        )
    missing = [
        need.replace("|", " or ")
        for need in SLOTS[slot].needs
        if not any(name in fields or hasattr(found, name) for name in need.split("|"))
    ]
    if missing:
        raise UserError(f'kind = "{kind}": {found.__name__} has no {", ".join(missing)}, which {slot} need')
    return found


def _is_importable(kind: str) -> bool:
    """Say whether `kind` is a module path. A name without a dot is one only if it stands in the current directory."""
    if not all(part.isidentifier() for part in kind.split(".")):
        return False
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last: a folder of the user's must not hide an installed package
    if "." not in kind:
        return (Path(here) / f"{kind}.py").is_file() or (Path(here) / kind / "__init__.py").is_file()
    try:
        return importlib.util.find_spec(kind) is not None
    except ModuleNotFoundError as error:
        return not (error.name and f"{kind}.".startswith(f"{error.name}."))
    except (Exception, SystemExit):  # a parent package that fails to import: `_load` will say how
        return True


def _told(error: BaseException) -> str:
    """Return an error as one line, with the line of the file where it arose."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if "importlib" not in trace.tb_frame.f_code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError):
        line = error.lineno
    first = (str(error).strip().splitlines() or ["no message"])[0]
    return f"{type(error).__name__}: {first}" + (f" (line {line})" if line else "")
