"""What a proxy written with aiohttp costs: `relay_aiohttp_proxy.py PORT UPSTREAM_PORT`."""

import asyncio
import sys

import aiohttp
import uvloop
from aiohttp import web

PORT, TARGET = int(sys.argv[1]), int(sys.argv[2])


async def main() -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def forward(request: web.Request) -> web.Response:
            body = await request.read()
            url = f"http://127.0.0.1:{TARGET}{request.path_qs}"
            async with session.request(request.method, url, data=body, headers=request.headers) as answer:
                return web.Response(status=answer.status, body=await answer.read())

        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{tail:.*}", forward)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", PORT, backlog=4096).start()
        await asyncio.Event().wait()


uvloop.run(main())
