"""The words that both sides of the channel share: exchanges and per-second summaries of all traffic.

The relay speaks them, the observer hears them. Imports the standard library only, so that a relay stays small.
"""

from sentinel.traffic.buckets import bucket_of, upper_bound
from sentinel.traffic.exchange import Exchange, Message
from sentinel.traffic.summary import Route, RouteTraffic, TrafficSummary, code_of

__all__ = ["Exchange", "Message", "Route", "RouteTraffic", "TrafficSummary", "bucket_of", "code_of", "upper_bound"]
