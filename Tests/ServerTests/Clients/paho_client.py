"""A paho-mqtt client whose every step can be waited for. All waits have a bound."""

import queue
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PATIENCE = 10.0


def properties(kind, **values):
    """Properties of one packet type, by their names in paho."""
    made = Properties(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Client:
    """Connects in version 3.1.1 or 5; messages arrive in `inbox`."""

    def __init__(self, name, port, version=mqtt.MQTTv5, clean=True, expiry=0, will=None,
                 transport="tcp", tls=None, receive_maximum=None, manual=False):
        self.v5 = version == mqtt.MQTTv5
        self.inbox = queue.Queue()
        self.acknowledged = queue.Queue()
        self.granted = queue.Queue()
        self.connected = threading.Event()
        self.closed = threading.Event()
        self.session_present = None
        self.reason = None
        options = {} if self.v5 else {"clean_session": clean}
        self.paho = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=version,
                                transport=transport, manual_ack=manual, **options)
        if will:
            self.paho.will_set(**will)
        if tls:
            self.paho.tls_set(ca_certs=tls)
        self.paho.on_connect = self._on_connect
        self.paho.on_disconnect = lambda *_: self.closed.set()
        self.paho.on_message = lambda _c, _u, message: self.inbox.put(message)
        self.paho.on_publish = lambda _c, _u, number, reason, _p: self.acknowledged.put((number, reason))
        self.paho.on_subscribe = lambda _c, _u, _n, reasons, _p: self.granted.put(reasons)
        asked = {}
        if self.v5:
            values = {}
            if expiry:
                values["SessionExpiryInterval"] = expiry
            if receive_maximum:
                values["ReceiveMaximum"] = receive_maximum
            asked = {"clean_start": clean, "properties": properties(PacketTypes.CONNECT, **values)}
        self.paho.connect("127.0.0.1", port, keepalive=30, **asked)
        self.paho.loop_start()
        assert self.connected.wait(PATIENCE), f"{name}: no CONNACK"

    def _on_connect(self, _client, _data, flags, reason, _properties):
        self.session_present = flags.session_present
        self.reason = reason
        self.connected.set()

    def subscribe(self, topic, qos=1, options=None):
        self.paho.subscribe(topic, options=options) if options else self.paho.subscribe(topic, qos)
        return [reason.value for reason in self.granted.get(timeout=PATIENCE)]

    def publish(self, topic, payload, qos=1, retain=False, **values):
        """Returns once the broker has acknowledged it."""
        made = properties(PacketTypes.PUBLISH, **values) if self.v5 else None
        info = self.paho.publish(topic, payload, qos, retain, properties=made)
        info.wait_for_publish(PATIENCE)
        assert info.is_published(), f"{topic}: not acknowledged"

    def take(self, timeout=PATIENCE):
        return self.inbox.get(timeout=timeout)

    def payloads(self, count):
        return [self.take().payload.decode() for _ in range(count)]

    def nothing(self, seconds=0.3):
        """Asserts that no message waits."""
        try:
            message = self.inbox.get(timeout=seconds)
        except queue.Empty:
            return
        raise AssertionError(f"unexpected message on {message.topic}: {message.payload!r}")

    def leave(self):
        self.paho.disconnect()
        assert self.closed.wait(PATIENCE), "not closed"
        self.paho.loop_stop()

    def cut(self):
        """The link breaks: no DISCONNECT."""
        self.paho.loop_stop()
        self.paho._sock_close()


def run(checks, *arguments):
    """Runs each check and says so; the first that fails ends the script."""
    for check in checks:
        check(*arguments)
        print("ok", check.__name__, flush=True)
