-- Every measurement point has a series, and every series a measurement point.
--
-- severity: error
-- audits:   series.displacement

(
    select product, pid, 'no series' as lacks
    from observed.points
    anti join series.displacement using (product, pid)
)
union all
(
    select product, pid, 'no point' as lacks
    from series.displacement
    anti join observed.points using (product, pid)
)
;
