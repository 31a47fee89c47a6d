-- Every area has a core, and no more cores than points.
--
-- severity: error
-- audits:   clusters.areas
--
-- It may have fewer points than a core has neighbours: a border point between two areas goes to the one with the
-- smaller name.

select cluster, n_points, n_cores
from clusters.areas
where n_cores < 1 or n_points < n_cores
;
