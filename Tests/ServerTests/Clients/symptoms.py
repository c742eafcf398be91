"""The troubles of a sensor fleet's broker, one step each: STEP PORT [ARGUMENT]."""

import json
import sys
import time

from paho_client import Client, PATIENCE


def subscribe_and_leave(port):
    consumer = Client("absent", port, clean=False, expiry=3_600)
    consumer.subscribe("fleet/#")
    consumer.leave()


def publish_for_the_absent(port):
    sensor = Client("sensor", port)
    for number in range(50):
        sensor.publish("fleet/alerts", str(number))
    sensor.leave()


def expect_everything(port):
    consumer = Client("absent", port, clean=False, expiry=3_600)
    assert consumer.session_present
    assert consumer.payloads(50) == [str(number) for number in range(50)]
    consumer.nothing()
    consumer.leave()


def expect_loss(port):
    consumer = Client("absent", port, clean=False, expiry=3_600)
    assert not consumer.session_present
    consumer.nothing()
    consumer.leave()


def see_duplicates(port):
    """A publisher that never saw its PUBACK sends again; only the event id tells a consumer."""
    consumer = Client("consumer", port)
    consumer.subscribe("fleet/alerts")
    sensor = Client("sensor", port)
    for _ in range(2):
        sensor.publish("fleet/alerts", "hot", UserProperty=[("event-id", "e-1")])
    twice = [consumer.take(), consumer.take()]
    events = [dict(message.properties.UserProperty)["event-id"] for message in twice]
    assert events == ["e-1", "e-1"], events
    assert len(set(events)) == 1
    sensor.leave()
    consumer.leave()


def dashboard(port, name):
    """What a dashboard that starts now takes the sensor for."""
    viewer = Client("viewer", port)
    viewer.subscribe(f"fleet/{name}/#")
    seen = {}
    while True:
        try:
            message = viewer.take(0.5)
        except Exception:
            break
        seen[message.topic.rsplit("/", 1)[1]] = message.payload.decode()
    viewer.leave()
    if "status" in seen:
        return json.loads(seen["status"])["state"]
    return "live: " + seen["latest"]


def see_a_stale_dashboard_and_its_cure(port):
    silent = Client("silent", port)
    silent.publish("fleet/silent/latest", "21.5", retain=True)
    silent.cut()
    forgetful = Client("forgetful", port, will={
        "topic": "fleet/forgetful/status", "payload": json.dumps({"state": "offline"}), "qos": 1})
    forgetful.publish("fleet/forgetful/latest", "21.5", retain=True)
    forgetful.cut()
    careful = Client("careful", port, will={
        "topic": "fleet/careful/status", "payload": json.dumps({"state": "offline"}), "qos": 1,
        "retain": True})
    careful.publish("fleet/careful/latest", "21.5", retain=True)
    careful.cut()
    assert dashboard(port, "silent") == "live: 21.5"
    assert dashboard(port, "forgetful") == "live: 21.5"
    deadline = time.monotonic() + PATIENCE
    while dashboard(port, "careful") != "offline":
        assert time.monotonic() < deadline, "the will was not retained"


if __name__ == "__main__":
    globals()[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
