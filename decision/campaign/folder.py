"""The folder of one campaign: what it is, its audience, and the parts that are written; its files are its state."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec
import pyarrow.parquet as pq

from decision.campaign.campaign import Campaign, CampaignId
from rules.errors import Conflict, NotFound, Unavailable
from rules.ids import CustomerId

Kept = TypeVar("Kept", bound=msgspec.Struct)

_CAMPAIGN = "campaign.json"
_FINISHED = "finished.json"
_SAMPLE = "sample"
_STOPPED = "stopped"
_WITHDRAWN = "withdrawn.json"
_UNFINISHED = ".unfinished"


class CampaignFolder:
    """One campaign's folder; `campaign.json` is written last when it begins, so a campaign is there whole or not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._audience: pq.ParquetFile | None = None

    @property
    def audience(self) -> Path:
        """The audience, one row group for each chunk."""
        return self.path / "audience.parquet"

    @property
    def exists(self) -> bool:
        """Whether there is such a campaign."""
        return (self.path / _CAMPAIGN).exists()

    @property
    def finished(self) -> bool:
        """Whether everything was decided and the result lies where it was wanted."""
        return (self.path / _FINISHED).exists()

    def campaign(self) -> Campaign:
        """What the campaign is; raises `NotFound`."""
        try:
            return msgspec.json.decode((self.path / _CAMPAIGN).read_bytes(), type=Campaign)
        except FileNotFoundError:
            raise NotFound(f"There is no campaign {self.path.name!r}; `concierge campaign list` shows all.") from None

    def keep(self, campaign: Campaign) -> None:
        """The campaign is so from now on; its audience lies here already."""
        with writing(self.path):
            (self.path / "parts").mkdir(exist_ok=True)
        self._write(_CAMPAIGN, msgspec.json.format(msgspec.json.encode(campaign)))

    def summary(self) -> bytes:
        """What `finish` was told."""
        return (self.path / _FINISHED).read_bytes()

    def finish(self, summary: bytes) -> None:
        """Everything is done, and this is what became of it."""
        self._write(_FINISHED, summary)

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        if self.withdrawn or self.stopped:
            return "withdrawn" if self.withdrawn else "withdrawal not finished"
        return "finished" if self.finished else "not finished"

    @property
    def stopped(self) -> bool:
        """Whether it is being withdrawn, so that nobody else is decided."""
        return (self.path / _STOPPED).exists()

    @property
    def withdrawn(self) -> bool:
        """Whether it was withdrawn."""
        return (self.path / _WITHDRAWN).exists()

    def stop(self) -> None:
        """From now on nobody is decided any more."""
        self._write(_STOPPED, b"")

    def withdraw(self, told: bytes) -> None:
        """It is withdrawn, and this is what was taken back."""
        self._write(_WITHDRAWN, told)

    def customers(self, chunk: int) -> tuple[CustomerId, ...]:
        """Who is in a chunk, in order."""
        # Its footer tells of every chunk: parsed once, not once for each.
        self._audience = self._audience or pq.ParquetFile(self.audience)
        names = self._audience.read_row_group(chunk, ["customer"]).column(0).to_pylist()
        return tuple(CustomerId(str(name)) for name in names)

    def part(self, chunk: int) -> Path:
        """Where a chunk's part is, once it is written."""
        return self.path / "parts" / f"{chunk:06}.parquet"

    def keep_part(self, chunk: int, part: bytes) -> None:
        """Keep a chunk's part; from then on nobody decides the chunk again."""
        self._write(f"parts/{chunk:06}.parquet", part)

    def written(self) -> set[int]:
        """The chunks whose parts are written."""
        return {int(path.stem) for path in (self.path / "parts").glob("[0-9]*.parquet")}

    def parts(self) -> list[Path]:
        """The parts that are written, in order."""
        return [self.part(chunk) for chunk in sorted(self.written())]

    def wave(self, first: int, kind: type[Kept]) -> Kept | None:
        """The wave that begins with a chunk, as it was kept."""
        return self._kept(f"wave-{first:06}", kind)

    def keep_wave(self, first: int, wave: msgspec.Struct) -> None:
        """Keep a wave as it was planned."""
        self._write(f"wave-{first:06}", msgspec.msgpack.encode(wave))

    def sample(self, kind: type[Kept]) -> Kept | None:
        """The sample, once it was taken."""
        return self._kept(_SAMPLE, kind)

    def keep_sample(self, sample: msgspec.Struct) -> None:
        """Keep the sample, so that whoever goes on finds the same prices."""
        self._write(_SAMPLE, msgspec.msgpack.encode(sample))

    def _write(self, name: str, content: bytes) -> None:
        with writing(self.path):
            write_durably(self.path / name, content)

    def _kept(self, name: str, kind: type[Kept]) -> Kept | None:
        try:
            return msgspec.msgpack.decode((self.path / name).read_bytes(), type=kind)
        except FileNotFoundError:
            return None

    @contextmanager
    def working(self) -> Iterator["CampaignFolder"]:
        """Be the one who works on this campaign; raises `Conflict` when somebody else does.

        A campaign that has not begun in the end leaves no folder.
        """
        lock = self.path / "lock"
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            lock.touch()
        with open(lock) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(f"Another process works on campaign {self.path.name}; wait for it, or end it.") from None
            # Whoever held it may just have removed the folder.
            if not lock.exists() or not os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                raise Conflict(f"Another process worked on campaign {self.path.name}; run the same command again.")
            try:
                yield self
            finally:
                if not self.exists:
                    shutil.rmtree(self.path, ignore_errors=True)


class CampaignFolders:
    """The campaigns of a data folder."""

    def __init__(self, data: Path) -> None:
        self._path = data / "campaigns"

    def of(self, id: CampaignId) -> CampaignFolder:
        """The folder of a campaign, which need not be there yet."""
        return CampaignFolder(self._path / id)

    @contextmanager
    def passing(self) -> Iterator[CampaignFolder]:
        """A folder for a dry run, gone at the end."""
        self._path.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._path, prefix=".dry-") as path:
            yield CampaignFolder(Path(path))

    def all(self) -> list[CampaignFolder]:
        """All campaigns, the latest first."""
        found = [CampaignFolder(path.parent) for path in self._path.glob(f"[!.]*/{_CAMPAIGN}")]
        return sorted(found, key=lambda folder: (-folder.campaign().order.moment, folder.path.name))


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Write to a campaign's folder; whatever the system refuses is raised as `Unavailable`."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"The campaign's folder {folder} cannot be written: {error}. See to it, then run the same command again: "
            "it goes on."
        ) from error


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole and for good, or not at all."""
    unfinished = path.with_name(f"{_UNFINISHED}-{path.name}")
    with open(unfinished, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    move_durably(unfinished, path)


def move_durably(unfinished: Path, path: Path) -> None:
    """Give a file that is on disk its name, for good."""
    os.rename(unfinished, path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
