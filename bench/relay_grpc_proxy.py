"""What a proxy written with grpc.aio costs: `relay_grpc_proxy.py PORT UPSTREAM_PORT`. Unary calls, bodies untouched."""

import asyncio
import sys

import grpc

PORT, TARGET = int(sys.argv[1]), int(sys.argv[2])


class Forward(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Every method, with the bytes of its message."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._calls: dict[str, grpc.aio.UnaryUnaryMultiCallable] = {}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        call = self._calls.get(details.method)
        if call is None:
            call = self._calls[details.method] = self._channel.unary_unary(details.method)

        async def forward(message: bytes, context: grpc.aio.ServicerContext) -> bytes:
            try:
                return await call(message)
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details())

        return grpc.unary_unary_rpc_method_handler(forward)


async def main() -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{TARGET}") as channel:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((Forward(channel),))
        server.add_insecure_port(f"127.0.0.1:{PORT}")
        await server.start()
        await server.wait_for_termination()


asyncio.run(main())
