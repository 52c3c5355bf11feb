"""HTTP/3 by aioquic: a server of one page of so many bytes, and a client that fetches it and checks its length."""

import asyncio
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration

role, host, port, folder, size = sys.argv[1:]
settings = QuicConfiguration(is_client=role == "client", alpn_protocols=H3_ALPN)


class Http3(QuicConnectionProtocol):
    """Both roles: a server answers each request, a client waits for the end of its own."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.http = H3Connection(self._quic)
        self.received = 0
        self.done = asyncio.get_running_loop().create_future()

    def quic_event_received(self, event):
        for heard in self.http.handle_event(event):
            if role == "server" and isinstance(heard, HeadersReceived):
                self.http.send_headers(heard.stream_id, [(b":status", b"200")])
                self.http.send_data(heard.stream_id, b"Z" * int(size), end_stream=True)
                self.transmit()
            elif role == "client" and isinstance(heard, DataReceived):
                self.received += len(heard.data)
                if heard.stream_ended and not self.done.done():
                    self.done.set_result(None)

    async def fetch(self):
        stream = self._quic.get_next_available_stream_id()
        head = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", host.encode()), (b":path", b"/page")]
        self.http.send_headers(stream, head, end_stream=True)
        self.transmit()
        await asyncio.wait_for(self.done, 20)
        assert self.received == int(size), self.received


async def main():
    if role == "server":
        settings.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
        await serve(host, int(port), configuration=settings, create_protocol=Http3)
        await asyncio.Event().wait()
    settings.load_verify_locations(folder + "/cert.pem")
    async with connect(host, int(port), configuration=settings, create_protocol=Http3) as client:
        await client.fetch()


asyncio.run(main())
