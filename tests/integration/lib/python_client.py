"""A python-socketio client that says what happens to it, as JSON lines: python_client.py async|sync TRANSPORT[,TRANSPORT] URL CHANNEL

It subscribes whenever it connects, from where it stood. A line on its standard input is sent as an event with that line as its
argument; the end of the input ends it.
"""
import asyncio
import json
import sys
import threading

import socketio

KIND, TRANSPORTS, URL, CHANNEL = sys.argv[1:5]
stand = {}
speaking = threading.Lock()


def say(**what):
    with speaking:  # the sync client calls its handlers on several threads
        print(json.dumps(what), flush=True)


def subscription():
    return {"channel": CHANNEL, **({"since": stand} if stand else {})}


def subscribed(answer):
    stand.update(epoch=answer["epoch"], seq=answer["seq"])
    say(did="subscribed", **answer)


def received(data):
    stand.update(epoch=data["epoch"], seq=data["seq"])
    say(did="received", seq=data["seq"], n=data["n"])


OPTIONS = {"reconnection_delay": 0.05, "reconnection_delay_max": 0.2}


def run_sync():
    client = socketio.Client(**OPTIONS)
    client.on("connect", lambda: client.emit("subscribe", subscription(), callback=subscribed))
    client.on("disconnect", lambda: say(did="disconnected"))
    client.on("log:lines", received)
    client.on("pong", lambda: say(did="pong"))
    client.connect(URL, transports=TRANSPORTS.split(","), wait_timeout=10)
    say(did="connected", transport=client.transport())
    for line in sys.stdin:
        client.emit(line.strip())
    client.disconnect()


async def run_async():
    client = socketio.AsyncClient(**OPTIONS)

    @client.event
    async def connect():
        await client.emit("subscribe", subscription(), callback=subscribed)

    client.on("disconnect", lambda: say(did="disconnected"))
    client.on("log:lines", received)
    client.on("pong", lambda: say(did="pong"))
    await client.connect(URL, transports=TRANSPORTS.split(","), wait_timeout=10)
    say(did="connected", transport=client.transport())
    while line := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
        await client.emit(line.strip())
    await client.disconnect()


if KIND == "sync":
    run_sync()
else:
    asyncio.run(run_async())
