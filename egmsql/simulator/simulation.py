"""`simulate`: from arguments to files, several threads at once, always the same bytes."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from egmsql.errors import SettingError
from egmsql.settings import Settings
from egmsql.simulator import truth
from egmsql.simulator.arguments import Arguments
from egmsql.simulator.batches import BatchMaker
from egmsql.simulator.columns import header_line
from egmsql.simulator.delivery import BareDelivery, PartFile, ZippedDelivery, pack
from egmsql.simulator.ground import Ground
from egmsql.simulator.metadata import write_metadata
from egmsql.simulator.region import plan_products
from egmsql.simulator.text import row_bound

_LARGE = 2**32 - 2**20  # bytes of csv from which a zip64 entry is prepared


def simulate(
    out,
    points=200_000,
    seed=1,
    level="L2b",
    header="new",
    release="2020_2024",
    suffix=True,
    decimals="shortest",
    products=None,
    component=None,
    missing=0.0,
    compression=True,
    threads=None,
    progress=None,
):
    """Write EGMS-shaped files whose truth is known, and return the paths of the products in name order.

    The same arguments give the same bytes, whatever `threads` is. Nothing appears before everything is
    written; `truth.parquet` holds what made each series.

    Parameters
    ----------
    out : path
        Folder, made if need be; it must not hold any of the files yet.
    points : int
        Rows of all files together.
    seed : int
        From 0. The ground depends on it alone, so other levels and releases see the same ground.
    level : {"L2a", "L2b", "L3"}
    header : {"old", "new"}
        Generation of the columns: before or since release 2020_2024.
    release : str
        `yyyy_yyyy`, the years of the epochs.
    suffix : bool
        If the file names carry the release, as since 2018_2022.
    decimals : {"shortest", "padded"}
    products : int, optional
        Files the points are spread over; default: as many as EGMS would need.
    component : {"U", "E"}, optional
        Only this one on L3; default both.
    missing : float
        Share of the epochs that a random tenth of the points misses, at most 0.5.
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
        points, seed, level, header, release, suffix, decimals, products, component, missing, compression
    )
    if threads is None:
        threads = Settings().threads
    if not isinstance(threads, int) or threads < 1:
        raise SettingError(f"threads {threads}", "is no number of threads", "give a whole number from 1")
    ground = Ground(seed)
    planned = plan_products(arguments, ground)
    folder = Path(out)
    _refuse_occupied(folder, arguments, planned)
    with _publication(folder) as files, ThreadPoolExecutor(threads) as pool:
        return _Simulation(arguments, ground, files, pool, threads, progress).write(folder, planned)


class _Simulation:
    """One run: batches are made by the pool and written here, in order."""

    def __init__(self, arguments, ground, files, pool, threads, progress):
        self._arguments, self._ground = arguments, ground
        self._files = files
        self._pool = pool
        self._ahead = threads + 1  # batches made or waiting at once: bounds the memory
        self._progress = progress or (lambda n_bytes: None)

    def write(self, folder, products):
        """Write all products and their truth; return the paths of the products by name."""
        truths = PartFile(folder / truth.NAME)
        self._files.append(truths)
        with truth.TruthWriter(truths.stream) as writer:
            paths = [self._write_product(folder, product, writer) for product in products]
        truths.close()
        return sorted(paths)

    def _write_product(self, folder, product, writer):
        maker = BatchMaker(product, self._arguments, self._ground)
        delivery = self._open(folder, product, maker)
        head = header_line(self._arguments.level, self._arguments.header, product.epochs).encode() + b"\n"
        delivery.write(head, pack(head) if delivery.compresses else b"")
        self._progress(len(head))
        for rows, piece, truths in self._batches(maker, delivery.compresses):
            delivery.write(rows, piece)
            writer.write(truths)
            self._progress(len(rows))
        delivery.close()
        return delivery.path

    def _open(self, folder, product, maker):
        stem, document = product.name.product, write_metadata(product, self._arguments.seed)
        if self._arguments.compression:
            most = product.n_points * row_bound(len(maker.decimals), len(product.epochs))
            delivery = ZippedDelivery(folder, stem, document, is_large=most >= _LARGE)
        else:
            delivery = BareDelivery(folder, stem, document)
        self._files.extend(delivery.files)
        return delivery

    def _batches(self, maker, compresses):
        def make(number):
            rows, truths = maker.make(number)
            return rows, pack(rows) if compresses else b"", truths

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


def _refuse_occupied(folder, arguments, products):
    if folder.exists() and not folder.is_dir():
        raise SettingError(folder, "is a file", "choose another folder")
    names_of = ZippedDelivery.names if arguments.compression else BareDelivery.names
    names = [truth.NAME, *(name for product in products for name in names_of(product.name.product))]
    existing = [name for name in names if (folder / name).exists()]
    if existing:
        more = f" and {len(existing) - 1} more" if len(existing) > 1 else ""
        where = f"{folder / existing[0]}{more}"
        raise SettingError(where, "exists already", "choose another folder, or remove what is there")
