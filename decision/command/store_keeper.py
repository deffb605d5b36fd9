"""The thread of `concierge serve` that starts the embedded store again when it is gone."""

import threading

from decision.logs import log
from decision.store.embedded import EmbeddedServer
from rules.errors import Unavailable

LOOK_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
"""How long it is left alone at most when it cannot start, say on a full disk."""


class StoreKeeper:
    """Keeps a held embedded store running until `stop`."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="store-keeper", daemon=True)

    def start(self) -> None:
        """Begin to look after it; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the store as it is from now on."""
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        pause = LOOK_SECONDS
        while not self._stopping.wait(pause):
            try:
                revived = self._server.revive()
            except Unavailable as error:
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                log.error("store_down", error=str(error), again_in_seconds=pause)
                continue
            pause = LOOK_SECONDS
            if revived:
                log.error("store_restarted", reason="it was gone; its log in the data folder may say why")
