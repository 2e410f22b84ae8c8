"""`sentinel demo --upstream`: only the sidecar, in front of a server that is already there."""

import asyncio

import aiohttp

from sentinel.demo import sidecar
from sentinel.demo.children import Children
from sentinel.demo.place import Place, Ports, check_free
from sentinel.demo.telling import Teller

CHECK_SECONDS = 0.5


async def serve(place: Place, ports: Ports, upstream: str, teller: Teller) -> None:
    """Run the sidecar in front of `upstream` until cancelled; raises DemoError when it ends by itself."""
    check_free(ports, ("traffic", "telemetry", "admin"))
    with place.claimed():
        sidecar.write_secrets(place)
        sidecar.write_configuration(place, sidecar.own_server_configuration(place, ports, upstream))
        timeout = aiohttp.ClientTimeout(total=sidecar.ANSWER_SECONDS)
        async with Children.running() as children:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                await sidecar.start(place, ports, children, session, teller)
            teller.close(
                f"The sidecar stands in front of {upstream}",
                [
                    f"send traffic to  {ports.url('traffic')}",
                    f"status page      {ports.url('telemetry')}/",
                    f"metrics          {ports.url('telemetry')}/metrics",
                    f"configuration    {place.configuration}",
                    "drift            blind until there is a reference: sentinel reference build training.csv --help",
                    "Ctrl-C stops it.",
                ],
            )
            while True:
                children.check()
                await asyncio.sleep(CHECK_SECONDS)
