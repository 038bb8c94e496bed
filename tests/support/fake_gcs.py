"""Google Cloud Storage as far as TensorFlow's file system for gs:// talks to it, on this machine.

TensorFlow has no setting for the address of the store, but its HTTP client keeps to the environment: a proxy, which
answers for the store itself, and the certificates that it trusts. The objects are files of a folder, so a test can read
what a search in another process wrote. It runs in a process of its own, as TensorFlow sometimes waits for it while it
holds Python's lock:

    python -m tests.support.fake_gcs CERTIFICATE KEY FOLDER
"""

import datetime
import http.server
import itertools
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import urllib.parse
from pathlib import Path
from typing import ClassVar

FORBIDDEN = 'forbidden'  # a bucket that nobody may use; every other one is a folder that is there
LOST_ANSWER, LOST_CONTENT = 'lost-answer', 'lost-content'  # objects whose upload loses its connection, once


class Store(http.server.BaseHTTPRequestHandler):
    """Answers one connection: first as a proxy, then, encrypted, as the store."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    folder = Path()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    numbers = itertools.count(1)
    complete: ClassVar = set()  # the uploads whose content is an object
    begun: ClassVar = set()

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile('rb'), self.connection.makefile('wb', 0)
        self.close_connection = False

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        content = self.content()
        if self.headers['Host'] == 'storage.googleapis.com':
            self.read(self.folder / urllib.parse.unquote(url.path[1:]))
            return
        upload, bucket, objects, name = re.fullmatch(
            '/(upload/)?storage/v1/b/([^/]+)(/o(?:/(.+))?)?', url.path
        ).groups()
        place = self.folder / bucket
        if not place.is_dir() or bucket == FORBIDDEN:
            self.reply(403 if bucket == FORBIDDEN else 404)
        elif upload and self.command == 'POST':
            self.reply(200, location=f'https://www.googleapis.com{self.path}&upload_id={next(self.numbers)}')
        elif upload and self.headers.get('Content-Range', '').startswith('bytes */'):
            # How far did this upload come? Asked, with no content, when the answer to the content was lost.
            self.reply(200 if query['upload_id'] in self.complete else 308, {})
        elif upload:
            self.upload(place / query['name'], query['upload_id'], content)
        elif name:
            self.metadata(place / urllib.parse.unquote(name))
        elif objects:
            self.listing(place, query)
        else:
            self.reply(200, {'name': bucket})

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def content(self):
        if self.headers['Transfer-Encoding'] != 'chunked':
            length = int(self.headers['Content-Length'] or 0)
            found = self.rfile.read(length)
            if len(found) < length:  # whoever sent it has gone: nothing has come
                raise ConnectionAbortedError(self.path)
            return found
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b''.join(parts)

    def read(self, file):
        first, last = map(int, self.headers['Range'].removeprefix('bytes=').split('-'))
        if not file.is_file():
            self.reply(404)
        elif first >= file.stat().st_size:
            self.reply(416)
        else:
            self.reply(206, file.read_bytes()[first : last + 1])

    def upload(self, file, session, content):
        lost = file.name in (LOST_ANSWER, LOST_CONTENT) and session not in self.begun
        self.begun.add(session)
        if not (lost and file.name == LOST_CONTENT):
            self.write(file, content)
            self.complete.add(session)
        if lost:
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.reply(200, {})

    def write(self, file, content):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f'{file.name}~{next(self.numbers)}')
        partial.write_bytes(content)
        os.replace(partial, file)

    def metadata(self, file):
        if not file.is_file():
            self.reply(404)
        elif self.command == 'DELETE':
            file.unlink()
            self.reply(204)
        else:
            status = file.stat()
            written = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
            self.reply(
                200,
                {
                    'size': str(status.st_size),
                    'generation': str(status.st_mtime_ns),
                    'updated': written.strftime('%Y-%m-%dT%H:%M:%S.%fZ'),
                },
            )

    def listing(self, bucket, query):
        prefix, items, prefixes = query.get('prefix', ''), [], set()
        for file in sorted(bucket.rglob('*')):
            name = str(file.relative_to(bucket))
            if file.is_file() and name.startswith(prefix) and '~' not in name:
                rest = name[len(prefix) :]
                if 'delimiter' in query and '/' in rest:
                    prefixes.add(f'{prefix}{rest.split("/")[0]}/')
                else:
                    items.append({'name': name})
        self.reply(200, {'items': items[: int(query.get('maxResults', 1000))], 'prefixes': sorted(prefixes)})

    def reply(self, code, body=b'', location=None):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header('Content-Length', str(len(content)))
        if location:
            self.send_header('Location', location)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


def start(folder):
    """Starts the store; returns its process and the environment of whoever uses it.

    Args:
        folder: for the objects, a folder each bucket, and the certificate.
    """
    certificate, key, objects = folder / 'certificate.pem', folder / 'key.pem', folder / 'store'
    for bucket in ('bucket', FORBIDDEN):
        (objects / bucket).mkdir(parents=True)
    subprocess.run(
        [
            *('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'),
            *('-days', '2', '-subj', '/CN=fake', '-addext', 'subjectAltName=DNS:*.googleapis.com'),
            *('-keyout', key, '-out', certificate),
        ],
        check=True,
        capture_output=True,
    )
    process = subprocess.Popen(
        [sys.executable, '-m', 'tests.support.fake_gcs', certificate, key, objects],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    environment = {
        'https_proxy': f'http://127.0.0.1:{int(process.stdout.readline())}',
        'CURL_CA_BUNDLE': str(certificate),
        'GOOGLE_AUTH_TOKEN_FOR_TESTING': 'a token',
    }
    return process, environment


def main(certificate, key, folder):
    Store.folder = Path(folder)
    Store.context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()  # which ends with whoever started it


if __name__ == '__main__':
    main(*sys.argv[1:])
