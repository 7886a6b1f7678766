"""The chain's own parameters around the consensus formula."""

from typing import Annotated

from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["ChainRules"]


@mechanism
class ChainRules:
    """Who may validate, whose weights count, and how long.

    Source: subtensor `lib.rs` and `runtime/src/lib.rs`; specification of the epoch, section 11.
    """

    max_allowed_validators: Annotated[
        int, Field(ge=0, le=65535, description="permits: the neurons with most stake that may validate")
    ] = 128
    stake_threshold_rao: Annotated[
        float, Field(ge=0, le=2**62, description="stake below this counts as none, in 10⁻⁹ tokens")
    ] = 0.0
    tempo: Annotated[int, Field(ge=1, le=10**9, description="blocks per epoch")] = 360
    activity_cutoff_blocks: Annotated[
        int, Field(ge=1, le=2**62, description="blocks after which a validator that set no weights is inactive")
    ] = 5000
    commit_reveal: Annotated[
        bool, Field(description="hide weights committed before the target registered, while the commit is open")
    ] = static(True)
