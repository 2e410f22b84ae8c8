"""From a breach to at most one signed request to take a version back.

    history     which versions served, and since when                                       pure
    policy      what the operator allows: rules, limits, freeze windows                     pure
    interlocks  the one table of reasons not to act                                         pure
    planning    verdict + history + past -> decision, intents, audit records                pure
    envelope    the CloudEvent that asks for the rollback                                   pure
    desk        one call per judged window: the pure part over the store
    watching    did the version change after the request?                                   pure
    signing     Standard Webhooks signatures; secrets from files
    egress      HTTP to configured targets and nowhere else
    retries     what an answer means, and when to try again                                 pure
    deliverer   due intents -> attempts -> delivered or dead letter, over the store
    targets     one small module for each kind of deployment system
    operators   what people do: status, pause, resume, replay
    answers     what Argo Rollouts and Flagger get when they ask                            pure
    admin       the HTTP interface for people and Alertmanager

Import the modules themselves; nothing is gathered here, so that the pure part costs nothing to load.
"""
