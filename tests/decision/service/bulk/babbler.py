"""A process that says it is ready, and then answers what nobody asked."""

import socket
import sys

from decision.service.bulk.frame import ALIVE, frame

if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        connection.sendall(ALIVE + frame(b"well"))
        while connection.recv(4096):
            pass
