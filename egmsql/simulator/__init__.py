"""Deliveries that look like EGMS's and whose truth is known: `simulate(out, points=200_000, seed=1)`.

From the ground to the files, each module knows only what stands before it:

- `terrain`, `sites`, `occupation`, `ground`: an island, what stands where on it, how it moves in space
- `tracks`, `scatterers`, `epochs`: which radar cells of which bursts hold points, and when they are seen
- `paths`: what of the motion lies along a look, and which class that is; `noise`: how well it is seen
- `series`, `observer`: displacement series of any blocks of any burst
- `region`: which products the `arguments` make
- `bursts`, `tiles`: rows of an L2 file; rows of an L3 tile, from the same series by the producer's recipe
- `statistics`, `columns`, `projection`, `text`, `metadata`, `delivery`: as EGMS publishes and writes them
- `truth`, `areas`: what is known
- `simulation`, `command`: running it all; `randomness` keeps it the same each time
"""

__all__ = ["simulate"]


def __getattr__(name):
    # On demand: the command line imports this package to know the options, and compiled code takes a second.
    if name == "simulate":
        from egmsql.simulator.simulation import simulate

        return simulate
    raise AttributeError(name)
