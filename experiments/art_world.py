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
            "curators": [party.num_curators for party in self.parties],
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

        def chosen(values: Any) -> np.ndarray:
            return np.asarray(values)[lane, when]

        sale, names = out.sale, np.array(artist_names(self.scenario), object)
        columns = {
            "id": chosen(out.id),
            "own_choice": chosen(out.own_choice),
            "quality": chosen(out.quality),
            "quality_percentile": chosen(out.pool.percentile),
            "sold": chosen(sale.sold),
            "hammer_eth": np.where(chosen(sale.sold), chosen(sale.hammer) / RAO_PER_TOKEN, np.nan),
        }
        first = self.experiment.seeds[0]
        drawn = np.array([place.lanes[i].seed == first for i in lane], bool)
        frame = works_frame(
            place.keys,
            lane,
            epochs[when],
            names[chosen(out.artist)].tolist(),
            columns,
            chosen(out.features),
            self._pictures(chosen(out.artist), chosen(out.genome), drawn),
        )
        place.store.write_table("works", part, frame)

    def _pictures(self, artist: np.ndarray, genome: np.ndarray, drawn: np.ndarray) -> list[bytes | None]:
        """Return the works [k] as PNG files, None where not `drawn` [k]."""
        images = iter(pictures(self.scenario, self.learned, artist[drawn], genome[drawn], _SIDE))
        return [_png(next(images)) if wanted else None for wanted in drawn]


def _png(image: np.ndarray) -> bytes:
    """Return an image, uint8 [side, side, 3], as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return file.getvalue()
