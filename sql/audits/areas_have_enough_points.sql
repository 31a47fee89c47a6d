-- Every area has as many points as a core has neighbours, and a core.
--
-- severity: error
-- audits:   clusters.areas

select cluster, n_points, n_cores
from clusters.areas
cross join blocks.parameters
where n_points < min_points or n_cores < 1
;
