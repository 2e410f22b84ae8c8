"""Who can be asked to roll back: one small module for each kind of deployment system.

base           what every target promises
webhook        a signed CloudEvent over HTTPS, for everything else
api            JSON APIs with a bearer token
kubernetes     what the next three share
deployment     Kubernetes Deployment, as `kubectl rollout undo`
argo_rollouts  abort or undo
kserve         canaryTrafficPercent
argo_cd        application rollback
github         repository_dispatch
gitlab         pipeline trigger
building       settings -> targets
"""
