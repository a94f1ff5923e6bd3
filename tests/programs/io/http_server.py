"""A threading HTTP server that counts what it serves, until a client says stop. Argument: port."""

import http.server
import sys
import threading

hits = 0
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global hits
        with lock:
            hits += 1
            number = hits
        body = f"{number} {self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/stop":
            threading.Thread(target=self.server.shutdown).start()

    def log_message(self, format, *args):
        print(self.command, self.path, flush=True)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = False
    print("ready", flush=True)
    server.serve_forever()
    server.server_close()
    print("served", hits)


if __name__ == "__main__":
    main()
