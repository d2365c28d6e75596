"""python-socketio on uvicorn, WebSocket only, a room a channel. Debian: python3-socketio python3-uvicorn python3-websockets."""
import json
import resource
import socket

import socketio
import uvicorn

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

sio = socketio.AsyncServer(async_mode="asgi", transports=["websocket"], cors_allowed_origins="*")


@sio.on("subscribe")
async def subscribe(sid, data):
    sio.enter_room(sid, data["channel"])
    return {"channel": data["channel"]}


async def publish(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    for line in body.splitlines():
        m = json.loads(line)
        await sio.emit(m["event"], {"channel": m["channel"], **m["data"]}, room=m["channel"])
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


app = socketio.ASGIApp(sio, other_asgi_app=publish)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(4096)
print("listening on", listener.getsockname()[1], flush=True)
config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", backlog=4096, ws_per_message_deflate=False)
uvicorn.Server(config).run(sockets=[listener])
