-- A pid names one measurement point of a product.
--
-- severity: error
-- audits:   observed.points

select product, pid, count(*) as n_rows, min(source_row) as first_row, max(source_row) as last_row
from observed.points
group by product, pid
having count(*) > 1
;
