"""Every command of `sentinel`: what it is for, with an example."""

from sentinel.cli.commands import acting, judging, references, serving, stored, surroundings

GROUPS = {
    "reference": "Build, learn, grow, show and compare references.",
    "labels": "Load labels, show the quality they tell of.",
    "windows": "List, show and export stored windows.",
    "intake": "Configuration for proxies that hand their traffic over, where nothing may stand in the path.",
    "rollback": "See, pause and resume rollbacks.",
    "dashboards": "Grafana dashboards.",
    "alerts": "Prometheus alert rules.",
    "db": "The store's schema.",
}

COMMANDS = (
    *serving.COMMANDS,
    *references.COMMANDS,
    *acting.COMMANDS,
    *stored.COMMANDS,
    *judging.COMMANDS,
    *surroundings.COMMANDS,
)
