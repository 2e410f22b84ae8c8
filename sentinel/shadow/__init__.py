"""A second model beside the one that serves: does it answer the same, and as fast?

    answers    two models' outputs on the same rows -> which rows differ, and by how much             pure
    account    what many pairs of answers add up to, the verdict, and its one sentence                pure
    book       the accounts of a sidecar, kept over restarts                                          pure
    asking     the same request to another endpoint, and its answer as an exchange                    pure
    mirror     a share of sampled requests sent to the second endpoint, off the path, bounded
    line       requests to one endpoint over kept connections, by the rules of `sentinel.rollback.egress`
    grpc       gRPC calls over such a connection
    tables     files of rows, of request bodies and of predictions, for `sentinel compare`
    sides      the same requests to two endpoints, or two tables of predictions, for `sentinel compare`

The test itself is `sentinel.judge.equivalence`.
"""
