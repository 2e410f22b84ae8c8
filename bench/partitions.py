"""What partitioning by day would change: `python -m bench.partitions [--replicas 1000] [--windows 60]`.

The store's tables as they are, and the same tables partitioned by the day of a window, in one real PostgreSQL with
fsync: 1,000 replicas × 60 windows × 50 features over six days, from real sketches and scores. Then, interleaved, what
the fleet's leader and a person ask, with its plan; windows written one by one by four clients; and how a day goes. The
partitioned tables carry the day in their keys, and no foreign key leads from a feature to its window: PostgreSQL wants
both. Writes docs/benchmarks/partitions.{md,json}; asserts no time.
"""

import argparse
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import insert

from bench.database import postgresql, version
from bench.fleet_worlds import patterns, reference_of
from bench.sections import machine, publish
from sentinel.drift.scores import score
from sentinel.store import WindowRecord, open_store
from sentinel.store.codec import feature_rows, window_row
from sentinel.store.profile import profiles
from sentinel.store.schema import window_features, windows

DAY = 86_400
DAYS = 6
PATTERNS = 32
CLIENTS = 4
WRITE_SECONDS = 10.0
ROUNDS = 5
SHAPES = ("whole", "parted")
MAKE_PARTED = """
CREATE SCHEMA parted;
CREATE TABLE parted.windows (LIKE public.windows INCLUDING DEFAULTS) PARTITION BY RANGE (started_at);
CREATE TABLE parted.window_features
  (LIKE public.window_features INCLUDING DEFAULTS, started_at double precision NOT NULL)
  PARTITION BY RANGE (started_at);
ALTER TABLE parted.windows ADD PRIMARY KEY (id, started_at);
ALTER TABLE parted.window_features ADD PRIMARY KEY (window_id, feature, started_at);
CREATE UNIQUE INDEX ON parted.windows (model, version, replica, started_at) WHERE grain = 'window';
CREATE INDEX ON parted.windows (grain, started_at);
CREATE INDEX ON parted.windows (started_at, model, version) WHERE standing = 'waiting';
"""
FILL = """
INSERT INTO {0}windows (model, version, replica, grain, started_at, ended_at, standing, {1})
SELECT 'm', '1', 'r' || to_char(r, 'FM00000'), 'window', at, at + 60,
       CASE WHEN w = %(last)s THEN 'waiting' ELSE 'judged' END, {2}
FROM generate_series(0, %(replicas)s - 1) r, generate_series(0, %(windows)s - 1) w,
     LATERAL (SELECT (w %% {3})::float8 * {4} + (w / {3}) * 60.0 AS at) t
JOIN LATERAL (SELECT * FROM pattern.windows WHERE id = 1 + (r * 31 + w * 17) %% {5}) p ON true ORDER BY at, r
"""
FILL_FEATURES = """
INSERT INTO {0}window_features (window_id, {1})
SELECT o.id, {2} FROM {0}windows o
JOIN pattern.window_features p
  ON p.window_id = 1 + (substr(o.replica, 2)::int * 31 + (o.started_at / 60)::bigint) %% {3}
"""
QUESTIONS: dict[str, str] = {
    "what waits (the leader, each second)": "SELECT id, model, version, replica, started_at FROM {0}windows "
    "WHERE standing = 'waiting' AND grain = 'window' AND replica <> '*' ORDER BY started_at LIMIT 50000",
    "sketches of one period (the leader)": "SELECT sketch FROM {0}windows WHERE grain = 'window' "
    "AND started_at = {1} + 60.0 AND model = 'm'",
    "one replica's windows of a day": "SELECT started_at, received, latency_p99 FROM {0}windows WHERE grain = 'window' "
    "AND model = 'm' AND version = '1' AND replica = 'r00007' AND started_at >= {1} AND started_at < {1} + 86400",
    "one feature of one replica, all days": "SELECT w.started_at, f.mean, f.psi FROM {0}windows w "
    "JOIN {0}window_features f ON f.window_id = w.id WHERE w.model = 'm' AND w.version = '1' AND w.replica = 'r00007' "
    "AND w.grain = 'window' AND f.feature = 'n07' ORDER BY 1",
    "traffic by hour, all replicas and days": "SELECT floor(started_at / 3600), sum(received), max(latency_p99) "
    "FROM {0}windows WHERE grain = 'window' AND replica <> '*' GROUP BY 1",
}
Figures = dict[str, Any]


def prefix(shape: str) -> str:
    return "parted." if shape == "parted" else "public."


def fill(url: str, replicas: int, count: int) -> None:
    """Patterns by the store's own code, then all windows from them by SQL, into both shapes."""
    random = np.random.default_rng(1)
    reference = reference_of(random)
    store = open_store(url)
    with store.database.write() as connection:
        for number, window in enumerate(patterns(reference, random, PATTERNS), 1):
            record = WindowRecord(window, score(reference, window), profiles=profiles(reference, window))
            row = window_row(replace(window, start=number * 60.0), "window", "judged")
            connection.execute(insert(windows).values(id=number, **row))
            connection.execute(insert(window_features), feature_rows(number, record))
    store.close()
    own = [c.name for c in windows.c if c.name not in _GIVEN]
    features = [c.name for c in window_features.c if c.name != "window_id"]
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA pattern")
        for table in ("windows", "window_features"):
            connection.execute(f"CREATE TABLE pattern.{table} AS TABLE public.{table}")
        connection.execute("CREATE INDEX ON pattern.windows (id)")
        connection.execute("DELETE FROM public.windows")
        connection.execute(MAKE_PARTED)
        for day in range(DAYS + 1):
            for table in ("windows", "window_features"):
                name = f"parted.{table}_{day}"
                bounds = f"FOR VALUES FROM ({day * DAY}) TO ({(day + 1) * DAY})"
                connection.execute(f"CREATE TABLE {name} PARTITION OF parted.{table} {bounds}")
        chosen = {"replicas": replicas, "windows": count, "last": count - 1}
        for shape in SHAPES:
            at, of = prefix(shape), ", ".join(f"p.{name}" for name in own)
            text = FILL.format(at, ", ".join(own), of, DAYS, DAY, PATTERNS)
            connection.execute(text, chosen)
            more = (", started_at", ", o.started_at") if shape == "parted" else ("", "")
            of = ", ".join(f"p.{name}" for name in features)
            text = FILL_FEATURES.format(at, ", ".join(features) + more[0], of + more[1], PATTERNS)
            connection.execute(text, {})
    with psycopg.connect(url, autocommit=True) as connection:
        for shape in SHAPES:
            for table in ("windows", "window_features"):
                connection.execute(f"VACUUM ANALYZE {prefix(shape)}{table}")


_GIVEN = ("id", "model", "version", "replica", "grain", "started_at", "ended_at", "standing")


def sizes(url: str) -> dict[str, float]:
    """Megabytes of both tables with their indexes."""
    query = (
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relname ~ '^window' AND c.relkind = 'r'"
    )
    names = {"whole": "public", "parted": "parted"}
    with psycopg.connect(url) as connection:
        return {shape: float(connection.execute(query, (names[shape],)).fetchone()[0]) / 1e6 for shape in SHAPES}


def writing(url: str, shape: str, take: Iterator[int]) -> float:
    """Windows a second that CLIENTS write on the newest day, each in a transaction of its own with its features."""
    at = prefix(shape)
    own = ", ".join(c.name for c in windows.c if c.name not in _GIVEN)
    features = ", ".join(c.name for c in window_features.c if c.name != "window_id")
    more = (", started_at", ", %(at)s") if shape == "parted" else ("", "")
    window = (
        f"INSERT INTO {at}windows (model, version, replica, grain, started_at, ended_at, standing, {own}) "
        f"SELECT 'w', '1', %(replica)s, 'window', %(at)s, %(at)s + 60, 'waiting', {own} FROM pattern.windows "
        "WHERE id = %(pattern)s RETURNING id"
    )
    rows = (
        f"INSERT INTO {at}window_features (window_id, {features}{more[0]}) SELECT %(id)s, {features}{more[1]} "
        "FROM pattern.window_features WHERE window_id = %(pattern)s"
    )
    written: list[int] = []
    until = time.perf_counter() + WRITE_SECONDS

    def client(name: int) -> None:
        count = 0
        with psycopg.connect(url) as connection:
            while time.perf_counter() < until:
                number = next(take)
                values: dict[str, Any] = {
                    "replica": f"w{name}-{number}",
                    "at": float(DAYS * DAY + number * 60 % DAY),
                    "pattern": 1 + number % PATTERNS,
                }
                found = connection.execute(window, values).fetchone()
                connection.execute(rows, {**values, "id": found[0]})
                connection.commit()
                count += 1
        written.append(count)

    threads = [threading.Thread(target=client, args=(name,)) for name in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(written) / WRITE_SECONDS


def asking(url: str, question: str, shape: str) -> tuple[float, str]:
    """Milliseconds of a question, and what its plan scans."""
    text = question.format(prefix(shape), (DAYS - 1) * DAY)
    with psycopg.connect(url) as connection:
        begun = time.perf_counter()
        connection.execute(text).fetchall()
        seconds = time.perf_counter() - begun
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + text).fetchall())
    scans = re.findall(r"(Seq Scan|Index Only Scan|Index Scan|Bitmap Heap Scan)", plan)
    return seconds * 1e3, ", ".join(f"{scans.count(kind)} {kind.lower()}" for kind in dict.fromkeys(scans))


def forgetting(url: str) -> dict[str, float]:
    """Seconds until the oldest day is gone: deleted, or its partitions dropped."""
    steps: dict[str, Callable[[Any], Any]] = {
        "whole": lambda c: c.execute("DELETE FROM public.windows WHERE started_at < %s", (DAY,)),
        "parted": lambda c: c.execute("DROP TABLE parted.windows_0, parted.window_features_0"),
    }
    found = {}
    for shape in SHAPES:
        with psycopg.connect(url) as connection:
            begun = time.perf_counter()
            steps[shape](connection)
            connection.commit()
            found[shape] = time.perf_counter() - begun
    return found


def measure(url: str, replicas: int, count: int) -> Figures:
    fill(url, replicas, count)
    figures: Figures = {"megabytes": sizes(url), "questions": {}}
    for name, question in QUESTIONS.items():
        asked: dict[str, list[tuple[float, str]]] = {shape: [] for shape in SHAPES}
        for _ in range(ROUNDS):
            for shape in SHAPES:
                asked[shape].append(asking(url, question, shape))
        figures["questions"][name] = {
            shape: {"ms": statistics.median(ms for ms, _ in found), "plan": found[0][1]}
            for shape, found in asked.items()
        }
    take = iter(range(10**9))
    rates: dict[str, list[float]] = {shape: [] for shape in SHAPES}
    for _ in range(ROUNDS):
        for shape in SHAPES:
            rates[shape].append(writing(url, shape, take))
    figures["written_per_second"] = {shape: statistics.median(found) for shape, found in rates.items()}
    figures["forget_seconds"] = forgetting(url)
    return figures


def page(figures: Figures) -> str:
    def row(name: str, of: dict[str, Any], form: str, unit: str) -> str:
        whole, parted = (f"{of[shape]:{form}} {unit}" for shape in SHAPES)
        return f"| {name} | {whole} | {parted} | {of['parted'] / of['whole']:.2f} |"

    lines = [
        row("size with indexes", figures["megabytes"], ",.0f", "MB"),
        row("windows written, four clients", figures["written_per_second"], ",.0f", "/s"),
        row("the oldest day forgotten", figures["forget_seconds"], ".2f", "s"),
    ]
    plans = []
    for name, asked in figures["questions"].items():
        lines.append(row(name, {shape: asked[shape]["ms"] for shape in SHAPES}, ",.1f", "ms"))
        plans.append(f"| {name} | {asked['whole']['plan']} | {asked['parted']['plan']} |")
    total = figures["replicas"] * figures["windows"]
    return f"""# Partitions

{figures["date"]}, Python {figures["python"]}, PostgreSQL {figures["postgresql"]} with fsync, {figures["cores"]} shared
cores (`make bench-partitions`). {figures["replicas"]:,} replicas × {figures["windows"]} windows × 50 features over
{DAYS} days: {total:,} windows and {total * 50:,} rows of features, in the store's tables as they are and in the same
tables partitioned by day. Medians of {ROUNDS} rounds, interleaved.

| | as they are | partitioned | ratio |
|---|---|---|---|
{chr(10).join(lines)}

What the plans read:

| | as they are | partitioned |
|---|---|---|
{chr(10).join(plans)}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="The store's tables, whole and partitioned by day.")
    parser.add_argument("--replicas", type=int, default=1_000)
    parser.add_argument("--windows", type=int, default=60)
    arguments = parser.parse_args()
    with postgresql() as server:
        url = server.create("partitions")
        found = measure(url, arguments.replicas, arguments.windows)
        known = version(url)
    figures: Figures = {
        **machine(),
        "postgresql": known,
        **vars(arguments),
        **found,
    }
    publish("partitions", page(figures), figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
