"""What the chart renders is run: command, arguments, environment and configuration, in front of a model server.

The container's file system is stood in for by a folder, and its ports by free ones; the probes are asked as a kubelet does.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.support.helm_chart import manifests, one, parent_chart
