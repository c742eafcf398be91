"""What every MQTT broker promises, asked by paho-mqtt: PORT, VERSION (3.1.1 or 5), tcp or websockets, CA file."""

import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes

from paho_client import Client, properties, run


def every_qos_arrives_once(make):
    listener, publisher = make("q-listener"), make("q-publisher")
    assert listener.subscribe("qos/#", 2) == [2]
    for qos in (0, 1, 2):
        publisher.publish(f"qos/{qos}", f"level {qos}", qos)
    messages = sorted((listener.take() for _ in range(3)), key=lambda message: message.topic)
    assert [message.qos for message in messages] == [0, 1, 2]
    assert [message.payload for message in messages] == [b"level 0", b"level 1", b"level 2"]
    listener.nothing()
    listener.leave()
    publisher.leave()


def messages_keep_their_order(make):
    listener, publisher = make("o-listener"), make("o-publisher")
    listener.subscribe("order", 2)
    sent = [str(number) for number in range(200)]
    for number, text in enumerate(sent):
        publisher.paho.publish("order", text, 1 + number % 2)
    # Order is promised among messages of the same topic and QoS.
    got = listener.payloads(len(sent))
    assert [text for text in got if int(text) % 2 == 0] == sent[0::2]
    assert [text for text in got if int(text) % 2 == 1] == sent[1::2]
    listener.leave()
    publisher.leave()


def a_retained_message_waits(make):
    publisher = make("r-publisher")
    publisher.publish("retained/latest", "1", retain=True)
    publisher.publish("retained/latest", "2", retain=True)
    late = make("r-late")
    late.subscribe("retained/+")
    message = late.take()
    assert (message.payload, message.retain) == (b"2", True)
    publisher.publish("retained/latest", "", retain=True)
    assert late.take().payload == b""
    later = make("r-later")
    later.subscribe("retained/+")
    later.nothing()
    for client in (publisher, late, later):
        client.leave()


def a_will_speaks_for_the_dead_only(make):
    listener = make("w-listener")
    listener.subscribe("wills/#")
    will = {"topic": "wills/polite", "payload": "gone", "qos": 1}
    make("w-polite", will=will).leave()
    listener.nothing()
    make("w-cut", will={**will, "topic": "wills/cut"}).cut()
    assert listener.take().topic == "wills/cut"
    listener.leave()


def a_session_is_resumed(make):
    first = make("s-durable", clean=False, expiry=600)
    assert first.session_present is False
    first.subscribe("session/#", 2)
    first.cut()
    publisher = make("s-publisher")
    for number in range(20):
        publisher.publish("session/x", str(number), qos=1 + number % 2)
    again = make("s-durable", clean=False, expiry=600)
    assert again.session_present is True
    got = [int(text) for text in again.payloads(20)]
    assert [number for number in got if number % 2 == 0] == list(range(0, 20, 2))
    assert [number for number in got if number % 2 == 1] == list(range(1, 20, 2))
    again.leave()
    fresh = make("s-durable", clean=True)
    assert fresh.session_present is False
    publisher.publish("session/x", "nobody's")
    fresh.nothing()
    fresh.leave()
    publisher.leave()


def a_newer_connection_takes_over(make):
    old = make("twin")
    new = make("twin")
    assert old.closed.wait(10)
    old.paho.loop_stop()
    new.leave()


def large_messages_pass(make):
    client = make("large")
    client.subscribe("large")
    payload = bytes(range(256)) * 2_000
    client.publish("large", payload, qos=1)
    assert client.take().payload == payload
    client.leave()


def properties_pass_unchanged(make):
    client = make("properties")
    options = mqtt.SubscribeOptions(qos=1)
    made = properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=77)
    client.paho.subscribe("asked", options=options, properties=made)
    client.granted.get(timeout=10)
    pairs = [("b", "1"), ("a", "2"), ("b", "1")]
    client.publish("asked", "?", UserProperty=pairs, ResponseTopic="answers/1",
                   CorrelationData=b"\x00\x01", ContentType="text/plain", PayloadFormatIndicator=1)
    got = client.take().properties
    assert got.UserProperty == pairs
    assert got.ResponseTopic == "answers/1"
    assert got.CorrelationData == b"\x00\x01"
    assert got.ContentType == "text/plain"
    assert got.PayloadFormatIndicator == 1
    assert got.SubscriptionIdentifier == [77]
    client.leave()


def subscription_options_are_kept(make):
    client, other = make("options"), make("options-other")
    client.subscribe("own", options=mqtt.SubscribeOptions(qos=1, noLocal=True, retainAsPublished=True))
    client.publish("own", "mine")
    other.publish("own", "theirs", retain=True)
    message = client.take()
    assert (message.payload, message.retain) == (b"theirs", True)
    client.nothing()
    client.subscribe("own", options=mqtt.SubscribeOptions(
        qos=1, retainHandling=mqtt.SubscribeOptions.RETAIN_DO_NOT_SEND))
    client.nothing()
    other.publish("own", "", retain=True)
    client.leave()
    other.leave()


def a_share_divides_its_messages(make):
    members = [make(f"member-{number}") for number in range(2)]
    for member in members:
        member.subscribe("$share/workers/jobs/#")
    publisher = make("share-publisher")
    for number in range(20):
        publisher.publish(f"jobs/{number}", str(number))
    got = []
    while len(got) < 20:
        for member in members:
            while not member.inbox.empty():
                got.append(int(member.take().payload))
    assert sorted(got) == list(range(20))
    for client in members + [publisher]:
        client.leave()


if __name__ == "__main__":
    port, version, transport = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    authority = sys.argv[4] if len(sys.argv) > 4 and sys.argv[4] else None
    protocol = mqtt.MQTTv5 if version == "5" else mqtt.MQTTv311

    def make(name, **options):
        return Client(name, port, protocol, transport=transport, tls=authority, **options)

    both = [every_qos_arrives_once, messages_keep_their_order, a_retained_message_waits,
            a_will_speaks_for_the_dead_only, a_session_is_resumed, a_newer_connection_takes_over,
            large_messages_pass]
    only5 = [properties_pass_unchanged, subscription_options_are_kept, a_share_divides_its_messages]
    run(both + (only5 if version == "5" else []), make)
