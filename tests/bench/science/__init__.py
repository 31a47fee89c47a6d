"""The benchmark of the classification: frozen series of known truth, and who finds it. `make bench-science`.

`layouts` and `noise` say when and how noisily points are seen, `shapes` how they move, `oracle` how far a
movement stands out of the noise for one who knows both, `generator` draws the sets, `real` injects into
quiet series of real products. `baselines` and `ours` classify, `metrics` score, `report` and `plots` show.
"""
