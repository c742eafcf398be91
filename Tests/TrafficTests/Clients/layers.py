"""Clients of other hands that speak MQTT over WebSocket and TLS to a broker, and count what they do.

usage: layers.py KEYLOG CERTIFICATE '{"ws": PORT, "wss": PORT, "tls12": [[PORT, CIPHERS], …], "tls13": [PORT, …]}'
Prints one JSON object: the packets of each type that went over the wire, both ways. All waits have a bound.
"""

import collections
import json
import queue
import socket
import ssl
import struct
import sys
import threading

import paho.mqtt.client as mqtt

PATIENCE = 10.0
SENT = 3
count = collections.Counter()


def context(keylog, certificate, version, ciphers=None):
    made = ssl.create_default_context(cafile=certificate)
    made.check_hostname = False
    made.minimum_version = made.maximum_version = version
    if ciphers:
        made.set_ciphers(ciphers)
    made.keylog_filename = keylog
    return made


def session(name, port, transport="tcp", tls=None, version=mqtt.MQTTv5):
    """One client that subscribes to what it publishes, at every QoS, also what spans frames and records."""
    inbox, answers = queue.Queue(), queue.Queue()
    connected = threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=version, transport=transport)
    if tls:
        client.tls_set_context(tls)
    if transport == "websockets":
        client.ws_set_options(path="/mqtt")
    client.username_pw_set("somebody", "a secret that is never stored")
    client.on_connect = lambda *_: connected.set()
    client.on_subscribe = lambda *_: answers.put("suback")
    client.on_message = lambda _c, _u, message: inbox.put(message)
    client.on_publish = lambda *_: answers.put("published")
    client.connect("127.0.0.1", port, keepalive=60)
    client.loop_start()
    assert connected.wait(PATIENCE), f"{name}: no CONNACK"
    client.subscribe(f"{name}/#", 2)
    answers.get(timeout=PATIENCE)
    for qos in range(3):
        for number in range(SENT):
            size = (10, 200, 40_000)[number]
            client.publish(f"{name}/{qos}", b"v" * size, qos)
    for _ in range(3 * SENT):
        answers.get(timeout=PATIENCE)
        inbox.get(timeout=PATIENCE)
    client.disconnect()
    client.loop_stop()
    count.update({"CONNECT": 1, "CONNACK": 1, "SUBSCRIBE": 1, "SUBACK": 1, "DISCONNECT": 1})
    # To the broker and back
    count.update({"PUBLISH": 2 * 3 * SENT, "PUBACK": 2 * SENT})
    count.update({kind: 2 * SENT for kind in ("PUBREC", "PUBREL", "PUBCOMP")})


def resumed(port, tls):
    """Two connections of which the second resumes the TLS session of the first."""
    kept = None
    for number in range(2):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as raw:
            with tls.wrap_socket(raw, session=kept) as secure:
                assert number == 0 or secure.session_reused, "the session was not resumed"
                name = f"resumed{number}".encode()
                body = b"\0\4MQTT\4\2\0\x3c" + struct.pack("!H", len(name)) + name
                secure.sendall(bytes([0x10, len(body)]) + body)
                assert secure.recv(4)[:1] == b"\x20"
                kept = secure.session
                secure.sendall(b"\xe0\0")
                secure.recv(1)
        count.update({"CONNECT": 1, "CONNACK": 1, "DISCONNECT": 1})


def main():
    keylog, certificate, ports = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    session("ws", ports["ws"], "websockets")
    session("ws311", ports["ws"], "websockets", version=mqtt.MQTTv311)
    session("wss", ports["wss"], "websockets", context(keylog, certificate, v13))
    for number, (port, ciphers) in enumerate(ports["tls12"]):
        session(f"old{number}", port, tls=context(keylog, certificate, v12, ciphers))
    for number, port in enumerate(ports["tls13"]):
        session(f"new{number}", port, tls=context(keylog, certificate, v13))
    resumed(ports["tls12"][0][0], context(keylog, certificate, v12))
    resumed(ports["tls13"][0], context(keylog, certificate, v13))
    print(json.dumps(count))


main()
