"""`simulate`: from arguments to files, several threads at once, always the same bytes."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from egmsql.errors import SettingError
from egmsql.settings import Settings
from egmsql.simulator import areas, truth
from egmsql.simulator.arguments import Arguments
from egmsql.simulator.bursts import BurstMaker
from egmsql.simulator.columns import header_line
from egmsql.simulator.delivery import BareDelivery, PartFile, ZippedDelivery, pack
from egmsql.simulator.metadata import write_metadata
from egmsql.simulator.region import plan_region
from egmsql.simulator.tiles import TileMaker

_LARGE_ROWS = 1_000_000  # of a file from which a zip64 entry is prepared: a row has at most some 4 kB


def simulate(
    out,
    points=200_000,
    seed=1,
    levels=None,
    releases=None,
    header=None,
    suffix=True,
    decimals=None,
    tracks=3,
    products=None,
    component=None,
    missing=0.0,
    compression=True,
    threads=None,
    progress=None,
):
    """Write a region of EGMS-shaped files whose truth is known, and return their paths in name order.

    The same arguments give the same bytes, whatever `threads` is. Nothing appears before everything is
    written; `truth.parquet` holds what made each series, `areas.parquet` what lies on the ground.

    Parameters
    ----------
    out : path
        Folder, made if need be; it must not hold any of the files yet.
    points : int
        Rows of the L2 files of one level and one release together. They decide how large the island is;
        L3 follows from them.
    seed : int
        From 0.
    levels : {"L2a", "L2b", "L3"} or several, optional
        Default L2b and L3; with `products` L2b.
    releases : str or several, optional
        `yyyy_yyyy`, the years of the epochs; default 2018_2022 and 2020_2024, with `products` the latter.
        All see the same points.
    header : {"old", "new"}, optional
        Generation of the columns; default new for releases that end after 2023.
    suffix : bool
        If the file names carry the release, as since 2018_2022.
    decimals : {"shortest", "padded"}, optional
        Default shortest for EGEOS's products with the new header, else padded.
    tracks : int
        1 to 4: ascending, descending, and another of each.
    products : int, optional
        This number of L2 files a release, from the middle of the island; default all. Fewer where so few
        points are wanted that not every burst has one.
    component : {"U", "E"}, optional
        Only this one on L3; default both.
    missing : float
        Share of the epochs that a random tenth of the points misses, at most 0.5; L3 does not know of it.
    compression : bool
        Zips with md5 sidecars, else bare csv and xml.
    threads : int, optional
        Default EGMSQL_THREADS, else the cores the process may use.
    progress : callable, optional
        Told the bytes of csv text that were written since it was told last.

    Raises
    ------
    SettingError
        If the arguments are impossible, or a file exists.
    """
    arguments = Arguments(
        *(points, seed, levels, releases, header, suffix, decimals, tracks, products, component),
        *(missing, compression),
    )
    if threads is None:
        threads = Settings().threads
    if not isinstance(threads, int) or threads < 1:
        raise SettingError(f"threads {threads}", "is no number of threads", "give a whole number from 1")
    region = plan_region(arguments)
    folder = Path(out)
    _refuse_occupied(folder, arguments, region)
    with _publication(folder) as files, ThreadPoolExecutor(threads) as pool:
        return _Simulation(arguments, region, files, pool, threads, progress).write(folder)


class _Simulation:
    """One run: batches are made by the pool and written here, in order."""

    def __init__(self, arguments, region, files, pool, threads, progress):
        self._arguments, self._region = arguments, region
        self._files = files
        self._pool = pool
        self._ahead = threads + 1  # batches made or waiting at once: bounds the memory
        self._progress = progress or (lambda n_bytes: None)

    def write(self, folder):
        """Write all products, their truth and the areas; return the paths of the products by name."""
        outlines, truths = PartFile(folder / areas.NAME), PartFile(folder / truth.NAME)
        self._files += [outlines, truths]
        areas.write_areas(outlines.stream, self._region.ground)
        outlines.close()
        paths = []
        with truth.TruthWriter(truths.stream) as writer:
            for product in self._region.bursts:
                maker = BurstMaker(product, self._arguments, self._region.ground)
                paths += self._write(folder, maker, writer, product.n_points)
            for tile in self._region.tiles:
                paths += self._write(folder, TileMaker(tile, self._region.ground), writer, _LARGE_ROWS)
        truths.close()
        return sorted(paths)

    def _write(self, folder, maker, writer, n_rows):
        """Write the products that a maker makes together; a tile without any cell is not delivered."""
        deliveries = [self._open(folder, product, n_rows >= _LARGE_ROWS) for product in maker.products]
        n_written = 0
        for pieces, truths in self._batches(maker):
            for delivery, (rows, piece) in zip(deliveries, pieces, strict=True):
                delivery.write(rows, piece)
                self._progress(len(rows))
            for one in truths:
                writer.write(one)
                n_written += one.num_rows
        for delivery in deliveries:
            delivery.close()
        if n_written:
            return [delivery.path for delivery in deliveries]
        for delivery in deliveries:
            for file in delivery.files:
                self._files.remove(file)
                file.discard()
        return []

    def _open(self, folder, product, is_large):
        stem, document = product.name.product, write_metadata(product, self._arguments.seed)
        if self._arguments.compression:
            delivery = ZippedDelivery(folder, stem, document, is_large)
        else:
            delivery = BareDelivery(folder, stem, document)
        self._files += delivery.files
        head = header_line(product.name.level, product.header, product.epochs).encode() + b"\n"
        delivery.write(head, pack(head) if delivery.compresses else b"")
        self._progress(len(head))
        return delivery

    def _batches(self, maker):
        def make(number):
            texts, truths = maker.make(number)
            return [(rows, pack(rows) if self._arguments.compression else b"") for rows in texts], truths

        waiting = deque()
        for number in range(maker.n_batches):
            waiting.append(self._pool.submit(make, number))
            if len(waiting) > self._ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _publication(folder):
    """Give a list for files; they get their names together at the end, or go if anything fails."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    try:
        yield files
        for file in files:
            file.publish()
    except BaseException:
        for file in files:
            file.discard()
        raise


def _refuse_occupied(folder, arguments, region):
    if folder.exists() and not folder.is_dir():
        raise SettingError(folder, "is a file", "choose another folder")
    names_of = ZippedDelivery.names if arguments.compression else BareDelivery.names
    products = [*region.bursts, *(product for tile in region.tiles for product in tile)]
    names = [
        truth.NAME,
        areas.NAME,
        *(name for product in products for name in names_of(product.name.product)),
    ]
    existing = [name for name in names if (folder / name).exists()]
    if existing:
        more = f" and {len(existing) - 1} more" if len(existing) > 1 else ""
        where = f"{folder / existing[0]}{more}"
        raise SettingError(where, "exists already", "choose another folder, or remove what is there")
