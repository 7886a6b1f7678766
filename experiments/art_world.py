"""Lanes of a network that makes art: their program, and what becomes of its outputs."""

import io
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from experiments.config import Experiment
from experiments.season_metrics import party_columns, season_metrics
from experiments.store import epochs_frame, ledger_frame, parties_frame, works_frame
from experiments.wave import Place
from subnet.curation.crowd import seats
from subnet.curation.lanes import SeasonProgram, pictures
from subnet.curation.scenario import CurationScenario
from subnet.curation.season import SeasonOut
from subnet.curation.studio import artist_names
from tokenomics.amounts import RAO_PER_TOKEN

__all__ = ["ArtWorld"]

_SIDE = 96  # pixels of a picture in the gallery


class ArtWorld:
    """A `World`: see `experiments.wave`."""

    def __init__(
        self, experiment: Experiment, scenario: CurationScenario, count: int, learned: Mapping[str, Any]
    ) -> None:
        self.experiment, self.scenario, self.learned = experiment, scenario, learned
        self.parties = seats(scenario)
        self.program = SeasonProgram(scenario, learned, count)
        self.trains = self.program.large
        self.people = {
            "party": [party.name for party in self.parties],
            "honest": [party.rule.honest for party in self.parties],
            "curators": [party.count for party in self.parties],
        }

    @property
    def lane_bytes(self) -> int:
        """Return roughly what one lane needs in memory per epoch of output, or for its state if that is more."""
        rule, artists = self.scenario.design.fragments, self.scenario.artists.values()
        curators, columns = self.parties[-1].rows.stop, rule.days * rule.looks + rule.finalists
        genome = max(artist.genome_size for artist in artists)
        return max(40 * curators + 4 * genome, 12 * curators * columns + 8 * genome * rule.capacity)

    def facts(self, scenarios: CurationScenario, count: int) -> None:
        """Return nothing: who is who stands in the config."""

    def checks(self, out: SeasonOut) -> dict[str, np.ndarray]:
        """Return where something is not finite any more, or the books do not balance, [L, E] each."""
        return {
            '"quality" of the pool is not finite from round {} on': ~np.isfinite(out.pool.mean),
            "the books do not balance from round {} on": ~np.asarray(out.balanced),
        }

    def write(self, place: Place, number: int, epochs: np.ndarray, out: SeasonOut, facts: None) -> None:
        """Write this chunk's part of the epochs, ledger, parties and works tables."""
        part, kept = f"{place.name}-{number:06d}", epochs % self.experiment.record.epochs_every == 0
        thinned = jax.tree.map(lambda x: x[:, kept], out)
        frame = epochs_frame(place.keys, epochs[kept], season_metrics(thinned, self.parties))
        place.store.write_table("epochs", part, frame)
        flows = {"token": thinned.token_flows, "eth": thinned.eth_flows}
        place.store.write_table("ledger", part, ledger_frame(place.keys, epochs[kept], flows))
        columns = party_columns(thinned, self.parties)
        place.store.write_table("parties", part, parties_frame(place.keys, epochs[kept], self.people, columns))
        self._write_works(place, part, epochs, out)

    def write_last(self, place: Place, seeds: Any, scenarios: CurationScenario, states: Any) -> None:
        """Write nothing: each round has told all there is."""

    def _write_works(self, place: Place, part: str, epochs: np.ndarray, out: SeasonOut) -> None:
        """Write every minted work, with its picture in each design's first lane at each point."""
        lane, when = np.nonzero(out.minted)
        first = self.experiment.seeds[0]
        drawn = np.array([place.lanes[i].seed == first for i in lane], bool)
        images = pictures(
            self.scenario, self.learned, out.artist[lane, when][drawn], out.genome[lane, when][drawn], _SIDE
        )
        files: list[bytes | None] = [None] * len(lane)
        for position, image in zip(np.flatnonzero(drawn), images, strict=True):
            files[position] = _png(image)
        sale, names = out.sale, np.array(artist_names(self.scenario), object)
        columns = {
            "id": out.id[lane, when],
            "own_choice": out.own_choice[lane, when],
            "quality": out.quality[lane, when],
            "quality_percentile": out.pool.percentile[lane, when],
            "sold": sale.sold[lane, when],
            "hammer_eth": np.where(sale.sold, sale.hammer / RAO_PER_TOKEN, np.nan)[lane, when],
        }
        artists = names[out.artist[lane, when]].tolist()
        frame = works_frame(place.keys, lane, epochs[when], artists, columns, out.features[lane, when], files)
        place.store.write_table("works", part, frame)


def _png(image: np.ndarray) -> bytes:
    """Return an image, uint8 [side, side, 3], as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return file.getvalue()
