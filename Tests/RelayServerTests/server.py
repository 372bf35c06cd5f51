"""SMTP servers for the tests: a scripted one that misbehaves, and aiosmtpd with STARTTLS and AUTH.

Prints the port it listens on, then runs until it is killed.
    server.py script STEP...      a conversation, the same for each connection
    server.py login CERT KEY USER PASSWORD [ssl] [demand]
        each message is left in CERT.mail; with "demand" the client has to show CERT as its own
    server.py proxy PORT
        an HTTP proxy that connects to PORT of this machine, whatever it is asked for
Steps of a script:
    send TEXT     \\r and \\n as such
    slow TEXT     the same, byte by byte
    line          read one line
    line:PREFIX   read one line, which must begin so
    body          read up to and with the line of a single dot
    some:N        read N bytes
    close, reset  end the connection
    hang          read and say nothing until the client closes
    hold          neither read nor close
What each connection read is printed as a line of JSON when it has ended.
"""
import json, signal, socket, struct, sys, threading, time


def serve(listener, steps):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection, steps), daemon=True).start()


def converse(connection, steps):
    heard = []
    stream = connection.makefile("rb")
    try:
        index = 0
        while index < len(steps):
            step = steps[index]
            index += 1
            name, _, argument = step.partition(" ")
            text = argument.encode().decode("unicode_escape").encode("latin-1")
            if name == "send":
                connection.sendall(text)
            elif name == "slow":
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for byte in text:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.001)
            elif name.startswith("line"):
                line = stream.readline()
                heard.append(line.decode("latin-1"))
                if not line or not line.startswith(name[5:].encode()):
                    heard.append("expected " + name)
                    break
            elif name == "body":
                while True:
                    line = stream.readline()
                    if not line:
                        heard.append("no dot")
                        return
                    heard.append(line.decode("latin-1"))
                    if line == b".\r\n":
                        break
            elif name.startswith("some:"):
                stream.read(int(name[5:]))
            elif name == "close":
                break
            elif name == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                break
            elif name == "hang":
                while True:
                    more = stream.read(1)
                    if not more:
                        break
                    heard.append(more.decode("latin-1"))
            elif name == "hold":
                time.sleep(60)
    except OSError:
        heard.append("lost")
    finally:
        stream.close()
        connection.close()
        print(json.dumps("".join(heard)), flush=True)


def login(certificate, key, user, password, implicit, demands):
    import ssl
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, SMTP

    class Sink:
        async def handle_DATA(self, server, session, envelope):
            # A pipe that nobody reads yet holds little.
            with open(certificate + ".mail", "wb") as file:
                file.write(envelope.content)
            print(json.dumps([envelope.mail_from, envelope.rcpt_tos, len(envelope.content)]), flush=True)
            return "250 2.0.0 Ok: queued"

    def check(server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=good)

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    if demands:
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.load_verify_locations(certificate)

    class Server(Controller):
        def factory(self):
            return SMTP(
                self.handler, authenticator=check, auth_required=True, auth_require_tls=not implicit,
                tls_context=None if implicit else tls, require_starttls=not implicit, hostname="mx.test")

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    server = Server(Sink(), hostname="127.0.0.1", port=port, ssl_context=tls if implicit else None)
    server.start()
    return port


def pass_on(near, port):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += near.recv(1)
    near.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
    print(json.dumps(head.decode("latin-1").split("\r\n")[0]), flush=True)
    far = socket.create_connection(("127.0.0.1", port))

    def copy(source, target):
        while some := source.recv(65536):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)
    threading.Thread(target=copy, args=(far, near), daemon=True).start()
    copy(near, far)


def proxy(listener, port):
    while True:
        threading.Thread(target=pass_on, args=(listener.accept()[0], port), daemon=True).start()


if __name__ == "__main__":
    if sys.argv[1] in ("script", "proxy"):
        listener = socket.create_server(("127.0.0.1", 0))
        target, rest = (serve, sys.argv[2:]) if sys.argv[1] == "script" else (proxy, int(sys.argv[2]))
        threading.Thread(target=target, args=(listener, rest), daemon=True).start()
        print(listener.getsockname()[1], flush=True)
    else:
        print(login(*sys.argv[2:6], implicit="ssl" in sys.argv[6:], demands="demand" in sys.argv[6:]), flush=True)
    signal.pause()
