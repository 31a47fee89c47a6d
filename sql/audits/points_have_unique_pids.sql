-- A pid names one measurement point of a product.
--
-- severity: error
-- audits:   observed.points

select product, pid, count(*) as n_rows, list(source_row order by source_row) as source_rows
from observed.points
group by product, pid
having count(*) > 1
;
