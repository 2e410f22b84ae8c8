"""What predictions were worth: kept predictions, the labels that come later, quality with intervals, and an estimate
before labels come. Pure: no clock, no I/O; the tables are `sentinel.store.labels`, the wiring `sentinel.app.labelling`.

    keys        ids under which a label names a prediction
    kept        decoded rows -> predictions worth keeping
    values      predictions, labels and qualities as values
    realised    predictions with their truths -> quality with intervals
    calibration, estimate    scores alone -> an estimate of quality (CBPE)
"""
