"""Puts the sidecar into pods that exist already, and takes it out again.

    words        labels and annotations that ask for it
    wish         what one pod asks for: model, ports, configuration, reference
    template     what is added, as the chart renders it: one source of truth
    container    the sidecar as one pod wishes it, and its volumes
    mark         what is left in a pod's metadata
    pod          a pod with the sidecar in it, and without it
    ports        which ports and probes of the model have to give way
    kserve       the same in an InferenceService
    fronts       what leads traffic to a workload
    manifests    whole files: workloads, and what leads to them
    patch        the difference of two documents as a JSON Patch
    review       an AdmissionReview and its answer
    server       answers them over TLS
    certificates a certificate for that, made here
    rotation     renews it while the server runs
    running      puts the three together: `sentinel inject --serve`

All but the last four hold no clock and no I/O. Promise: serving is not hurt. Whatever cannot be understood is left as
it is, with a sentence that says why.
"""
