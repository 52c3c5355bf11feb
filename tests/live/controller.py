"""A controller such as mihomo has, in front of a proxy that has none: lists the kernel's connections to the proxy's port."""

import http.server
import json
import sys

port, proxy, secret = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def connections():
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in list(table)[1:]]
    for row in rows:
        (local, remote), state = row[1:3], row[3]
        if state == "01" and int(remote.split(":")[1], 16) == proxy:
            yield {
                "id": row[9],
                "metadata": {
                    "network": "tcp", "type": "Socks5", "sourceIP": "127.0.0.1", "destinationIP": "",
                    "sourcePort": str(int(local.split(":")[1], 16)), "destinationPort": "8080",
                    "inboundIP": "127.0.0.1", "inboundPort": str(proxy), "host": "www.example.test",
                    "process": "curl", "processPath": "/usr/bin/curl",
                },
                "chains": ["Tokyo 2", "Auto"],
            }


class Controller(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        is_known = self.headers["Authorization"] == f"Bearer {secret}" and self.path == "/connections"
        body = json.dumps({"connections": list(connections()) or None}).encode() if is_known else b""
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", port), Controller).serve_forever()
