-- The displacement that the points of an active area have in common, as the web shows it.
--
-- version: 1
-- grain:   cluster
-- stored:  serving
--
-- Of the points that clustered, not of all that lie in the outline.

create or replace table serving.motions as

select
    cluster,
    epochs,
    n_series,
    list_transform(mean_displacements_mm, lambda mm: round(mm, 2)::float) as mean_displacements_mm,
    list_transform(lower_quartiles_mm, lambda mm: round(mm, 2)::float) as lower_quartiles_mm,
    list_transform(median_displacements_mm, lambda mm: round(mm, 2)::float) as median_displacements_mm,
    list_transform(upper_quartiles_mm, lambda mm: round(mm, 2)::float) as upper_quartiles_mm
from clusters.motions
order by cluster
;
