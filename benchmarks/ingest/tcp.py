"""A TCP port before PostgreSQL's socket, for clients that know no sockets."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

BLOCK = 1 << 20


def listen(socket: Path) -> int:
    """Forward a free port of the loopback interface to a Unix socket, in a thread of this process; return the port."""
    started, port = threading.Event(), 0

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(socket)
        await asyncio.gather(forward(reader, server_writer), forward(server_reader, writer))

    async def serve() -> None:
        nonlocal port
        server = await asyncio.start_server(connect, "127.0.0.1", 0, limit=BLOCK)
        port = server.sockets[0].getsockname()[1]
        started.set()
        await server.serve_forever()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    started.wait()
    return port
