"""Who can be asked to roll back: one small module for each kind of deployment system.

base         what every target promises
webhook      a signed CloudEvent over HTTPS, for everything else
building     settings -> targets
"""
