"""Ray Serve on one machine: `python serve_ray.py PORT`."""

import sys
import threading

import numpy as np
import ray
from model import trained
from ray import serve
from starlette.requests import Request


@serve.deployment
class Iris:
    def __init__(self) -> None:
        self.model = trained()

    async def __call__(self, request: Request) -> dict:
        asked = await request.json()
        return {"predictions": self.model.predict(np.array(asked["instances"])).tolist()}


ray.init(num_cpus=1, include_dashboard=False, configure_logging=False)
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
serve.run(Iris.bind())
threading.Event().wait()
