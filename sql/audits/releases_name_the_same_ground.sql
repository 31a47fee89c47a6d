-- A pid has the same line and pixel in every release, and releases of one place share epochs.
--
-- severity: warning
-- audits:   geometry.release_matches

select product, older_product, n_moved, n_too_short, n_joined
from geometry.release_matches
where n_moved > 0 or n_too_short > 0
;
