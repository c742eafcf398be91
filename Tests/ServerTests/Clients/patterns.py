"""The reliable sensor's patterns, with paho-mqtt 2.1: PORT."""

import json
import sys
import time
import uuid

from paho.mqtt.packettypes import PacketTypes

from paho_client import Client, properties, run

SITE = "plant/hall-3"


def alert(publisher, event, expiry=3_600):
    """A threshold alert that says which event it is and when it is no longer of use."""
    publisher.publish(
        f"{SITE}/pm25/s-17/alert", json.dumps({"sensor": "s-17", "pm25": 187.4, "limit": 150}),
        UserProperty=[("event-id", event), ("schema", "alert.v2")],
        MessageExpiryInterval=expiry, ContentType="application/json")


class Deduplicator:
    """Lets each event pass once. Remembers as many as fit, the oldest go first."""

    def __init__(self, capacity=1_000):
        self.seen = {}
        self.capacity = capacity

    def passes(self, message):
        event = dict(message.properties.UserProperty)["event-id"]
        if event in self.seen:
            return False
        self.seen[event] = True
        if len(self.seen) > self.capacity:
            self.seen.pop(next(iter(self.seen)))
        return True


def an_alert_arrives_as_it_was_sent_with_its_expiry_counted_down(port):
    consumer = Client("alerts", port, clean=False, expiry=3_600)
    consumer.subscribe(f"{SITE}/+/+/alert")
    consumer.cut()
    sensor = Client("s-17", port)
    events = [str(uuid.uuid4()) for _ in range(5)]
    for event in events:
        alert(sensor, event)
    alert(sensor, "too-old", expiry=1)
    time.sleep(2.1)
    consumer = Client("alerts", port, clean=False, expiry=3_600)
    assert consumer.session_present
    for event in events:
        message = consumer.take()
        got = message.properties
        assert got.UserProperty == [("event-id", event), ("schema", "alert.v2")], got
        assert got.ContentType == "application/json"
        assert 3_600 - 10 <= got.MessageExpiryInterval <= 3_600 - 2, got.MessageExpiryInterval
        assert json.loads(message.payload)["pm25"] == 187.4
        assert message.qos == 1 and not message.retain
    consumer.nothing()
    sensor.leave()
    consumer.leave()


def a_dashboard_that_starts_cold_sees_the_latest_value(port):
    sensor = Client("s-18", port)
    for value in (11, 12, 13):
        sensor.publish(f"{SITE}/pm25/s-18/latest", str(value), retain=True)
    alert(sensor, "not-retained")
    dashboard = Client("dashboard", port)
    dashboard.subscribe(f"{SITE}/#")
    message = dashboard.take()
    assert (message.payload, message.retain) == (b"13", True)
    dashboard.nothing()
    sensor.publish(f"{SITE}/pm25/s-18/latest", "", retain=True)
    sensor.leave()
    dashboard.leave()


def a_dead_sensor_is_reported_for_as_long_as_its_will_says(port):
    topic = f"{SITE}/status/s-19"
    sensor = Client("s-19", port, will={
        "topic": topic, "payload": json.dumps({"state": "offline"}), "qos": 1, "retain": True,
        "properties": properties(PacketTypes.WILLMESSAGE, MessageExpiryInterval=2)})
    sensor.publish(topic, json.dumps({"state": "online"}), retain=True)
    watcher = Client("watcher", port)
    watcher.subscribe(topic)
    assert json.loads(watcher.take().payload)["state"] == "online"
    sensor.cut()
    assert json.loads(watcher.take().payload)["state"] == "offline"
    late = Client("late", port)
    late.subscribe(topic)
    message = late.take()
    assert json.loads(message.payload)["state"] == "offline" and message.retain
    assert message.properties.MessageExpiryInterval <= 2
    time.sleep(2.6)
    too_late = Client("too-late", port)
    too_late.subscribe(topic)
    too_late.nothing()
    for client in (watcher, late, too_late):
        client.leave()


def a_consumer_removes_duplicates_by_event(port):
    # It takes alerts and never says so, then comes back: at least once means twice here.
    consumer = Client("consumer", port, clean=False, expiry=600, manual=True)
    consumer.subscribe("events/#")
    sensor = Client("s-20", port)
    events = [str(number) for number in range(10)]
    for event in events:
        sensor.publish("events/x", event, UserProperty=[("event-id", event)])
    arrived = [consumer.take() for _ in events]
    consumer.cut()
    again = Client("consumer", port, clean=False, expiry=600)
    repeated = [again.take() for _ in events]
    assert all(message.dup for message in repeated)
    deduplicator = Deduplicator()
    passed = [message for message in arrived + repeated if deduplicator.passes(message)]
    assert len(arrived + repeated) == 20
    assert [dict(message.properties.UserProperty)["event-id"] for message in passed] == events
    sensor.leave()
    again.leave()


if __name__ == "__main__":
    run([an_alert_arrives_as_it_was_sent_with_its_expiry_counted_down,
         a_dashboard_that_starts_cold_sees_the_latest_value,
         a_dead_sensor_is_reported_for_as_long_as_its_will_says,
         a_consumer_removes_duplicates_by_event], int(sys.argv[1]))
