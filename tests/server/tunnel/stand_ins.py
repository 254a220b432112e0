"""Little programs that take the names of tunnels and tell addresses the way those do; nothing is forwarded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CLOUDFLARED = """
import http.server, json, sys
arguments = sys.argv[1:]
assert arguments[0] == "tunnel" and "--no-autoupdate" in arguments, arguments
assert arguments[arguments.index("--url") + 1].startswith("http://127.0.0.1:"), arguments
host, port = arguments[arguments.index("--metrics") + 1].split(":")
asked = {"/ready": 0}
class Metrics(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        if self.path == "/quicktunnel":
            told, status = {"hostname": "quiet-river.trycloudflare.com"}, 200
        else:
            asked["/ready"] += 1
            up = asked["/ready"] > 1 and not os.path.exists(CUT)
            told, status = {"status": 200 if up else 503, "readyConnections": 4 if up else 0}, 200 if up else 503
        body = json.dumps(told).encode()
        self.send_response(status); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
print("INF Thank you for trying Cloudflare Tunnel. https://developers.cloudflare.com/cloudflare-one", file=sys.stderr)
http.server.HTTPServer((host, int(port)), Metrics).serve_forever()
"""

NGROK = """
import http.server, json, sys
arguments = sys.argv[1:]
assert arguments[0] == "http" and arguments[2:] == ["--log", "stdout"], arguments
tunnels = [
    {"name": "another's", "public_url": "https://other.ngrok.app", "proto": "https", "config": {"addr": "http://localhost:1"}},
    {"name": "plain", "public_url": "http://ours.ngrok.app", "config": {"addr": f"http://localhost:{arguments[1]}"}},
    {"name": "command_line", "public_url": "https://ours.ngrok.app", "config": {"addr": f"http://localhost:{arguments[1]}"}},
]
class Api(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        body = json.dumps({"tunnels": tunnels if self.path == "/api/tunnels" else []}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("127.0.0.1", 0), Api)
print(f'lvl=info msg="starting web service" obj=web addr=127.0.0.1:{server.server_port} allow_hosts=[]', flush=True)
server.serve_forever()
"""

TAILSCALE = """
import json, signal, sys
if sys.argv[1:] == ["status", "--json"]:
    print(json.dumps({"Self": {"DNSName": "shop.tail1234.ts.net."}}))
else:
    assert sys.argv[1] == "funnel" and sys.argv[2].isdigit(), sys.argv
    print("Available on the internet:\\n\\nhttps://shop.tail1234.ts.net/", flush=True)
    signal.pause()
"""

LT = """
import signal, sys
assert sys.argv[1] == "--port", sys.argv
print("your url is: https://warm-coat-12.loca.lt", flush=True)
signal.pause()
"""

SSH = """
import signal, sys
assert sys.argv[-1] == "nokey@localhost.run" and any(each.startswith("80:127.0.0.1:") for each in sys.argv), sys.argv
print("Welcome to localhost.run! https://localhost.run/docs/", flush=True)
print("f00.lhr.life tunneled with tls termination, https://f00.lhr.life", flush=True)
sys.stdin.readline()
signal.pause()
"""

PROGRAMS = {"cloudflared": CLOUDFLARED, "ngrok": NGROK, "tailscale": TAILSCALE, "lt": LT, "ssh": SSH}


def install(folder: Path, name: str, text: str | None = None) -> Path:
    """Puts a program into a folder; returns the file whose presence cuts cloudflared's connections."""
    folder.mkdir(exist_ok=True)
    cut = folder / "cut"
    program = folder / name
    body = PROGRAMS[name] if text is None else text
    program.write_text(f"#!{sys.executable} -S\nimport os\nCUT = {str(cut)!r}\n{body}", "utf-8")
    program.chmod(0o755)
    return cut


def alive(pid: int) -> bool:
    """Tells whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
