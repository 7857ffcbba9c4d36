"""The least there is, a process of its own: Sanic and wechatpy, every text answered with one text; its job on stdin."""

from __future__ import annotations

import json
import logging
import socket
import sys

from sanic import HTTPResponse, Request, Sanic
from wechatpy import create_reply, parse_message
from wechatpy.crypto import WeChatCrypto


def main() -> None:
    job = json.loads(sys.stdin.readline())
    account, answer = job["account"], job["answer"]
    logging.disable(logging.WARNING)
    crypto = WeChatCrypto(account["token"], account["encoding_aes_key"], account["appid"])
    app: Sanic = Sanic("bare", configure_logging=False)
    app.config.update(TOUCHUP=False, ACCESS_LOG=False, AUTO_EXTEND=False)

    @app.post("/")
    async def callback(request: Request) -> HTTPResponse:
        nonce, timestamp = request.args.get("nonce"), request.args.get("timestamp")
        message = parse_message(crypto.decrypt_message(request.body, request.args.get("msg_signature"), timestamp, nonce))
        if message.type != "text":
            return HTTPResponse(b"success", content_type="text/plain")
        reply = create_reply(answer, message=message).render()
        return HTTPResponse(crypto.encrypt_message(reply, nonce, timestamp), content_type="application/xml")

    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)

    @app.after_server_start
    async def tell(_: Sanic) -> None:
        print(listening.getsockname()[1], flush=True)

    app.run(sock=listening, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main()
