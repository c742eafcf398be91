"""The same promises asked by gmqtt, which shares no code with paho or libmosquitto: PORT, VERSION (4 or 5)."""

import asyncio
import sys

import gmqtt

PATIENCE = 10.0


class Client:
    def __init__(self, name, version, **options):
        self.inbox = asyncio.Queue()
        self.granted = asyncio.Queue()
        self.version = version
        self.gmqtt = gmqtt.Client(name, **options)
        # Reconnecting would hide what the tests look for.
        # It tries once more than it is told, and -1 is for ever.
        self.gmqtt.set_config({"reconnect_retries": -2})
        self.gmqtt.on_message = self._on_message
        self.gmqtt.on_subscribe = lambda _c, _mid, qos, _p: self.granted.put_nowait(qos)

    async def _on_message(self, _client, topic, payload, qos, properties):
        await self.inbox.put((topic, payload.decode(), qos, properties))
        return 0

    async def connect(self, port):
        await asyncio.wait_for(
            self.gmqtt.connect("127.0.0.1", port, version=self.version), PATIENCE)
        return self

    async def subscribe(self, topic, qos):
        self.gmqtt.subscribe(topic, qos=qos)
        return await asyncio.wait_for(self.granted.get(), PATIENCE)

    async def take(self):
        return await asyncio.wait_for(self.inbox.get(), PATIENCE)


async def contract(port, version):
    expiry = {"session_expiry_interval": 600} if version == 5 else {}
    listener = await Client("g-listener", version, clean_session=False, **expiry).connect(port)
    assert tuple(await listener.subscribe("g/#", 2)) == (2,)
    publisher = await Client("g-publisher", version).connect(port)

    for qos in (0, 1, 2):
        publisher.gmqtt.publish(f"g/{qos}", f"level {qos}", qos=qos)
    got = sorted([await listener.take() for _ in range(3)])
    assert [(topic, text, qos) for topic, text, qos, _ in got] == [
        (f"g/{qos}", f"level {qos}", qos) for qos in (0, 1, 2)]
    print("ok every QoS")

    if version == 5:
        pairs = [("z", "1"), ("a", "2")]
        publisher.gmqtt.publish("g/p", "with", qos=1, user_property=pairs, content_type="text/plain",
                                message_expiry_interval=100)
        _, _, _, properties = await listener.take()
        assert list(map(tuple, properties["user_property"])) == pairs, properties
        assert properties["content_type"] == ["text/plain"], properties
        assert 0 < properties["message_expiry_interval"][0] <= 100, properties
        print("ok properties")

    publisher.gmqtt.publish("g/kept", "latest", qos=1, retain=True)
    await listener.take()
    late = await Client("g-late", version).connect(port)
    await late.subscribe("g/kept", 1)
    topic, text, _, properties = await late.take()
    assert (topic, text, properties["retain"]) == ("g/kept", "latest", 1), properties
    await late.gmqtt.disconnect()
    print("ok retained")

    await listener.gmqtt.disconnect()
    for number in range(20):
        publisher.gmqtt.publish("g/s", str(number), qos=1)
    await asyncio.sleep(0.2)
    again = await Client("g-listener", version, clean_session=False, **expiry).connect(port)
    texts = [(await again.take())[1] for _ in range(20)]
    assert texts == [str(number) for number in range(20)], texts
    print("ok session")

    will = gmqtt.Message("g/will", "gone", qos=1)
    dying = await Client("g-dying", version, will_message=will).connect(port)
    dying.gmqtt._connection._transport.abort()
    topic, text, _, _ = await again.take()
    assert (topic, text) == ("g/will", "gone")
    print("ok will")
    await again.gmqtt.disconnect()
    await publisher.gmqtt.disconnect()


if __name__ == "__main__":
    asyncio.run(contract(int(sys.argv[1]), int(sys.argv[2])))
