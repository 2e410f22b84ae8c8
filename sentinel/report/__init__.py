"""Reports of a range of windows, for people: what drifted, since when, how sure, what it cost, what was done.

facts      what a report says, as plain values
gather     from the store (and the reference) to facts; seen: what one pass over its windows adds up
page       facts as one self-contained HTML page; browser: that page as PDF or picture
power_page the answer of `sentinel power` as a page; shell: the frame of both
peer       the same range in Evidently's plots, from kept rows or from rows drawn from the sketches

Not part of the running sidecar: commands and tests import it, the observer does not.
"""
