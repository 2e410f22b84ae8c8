"""Composition root of the observer: the only package that sees every layer.

pipeline    exchanges and counts of all traffic in, closed windows out
verdicts    closed windows in; verdicts, rollback plans and store records out
observer    the process: channels, timers, store writer, servers, and their end
"""
