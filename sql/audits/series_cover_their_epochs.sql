-- Every measurement point has one series, with one value or NULL for each epoch of its product.
--
-- severity: error
-- audits:   series.displacement

with counted as (
    select product, pid, len(displacements) as n_values
    from series.displacement
),

matched as (
    select
        coalesce(points.product, counted.product) as product,
        coalesce(points.pid, counted.pid) as pid,
        n_values
    from observed.points as points
    full join counted on points.pid = counted.pid and points.product = counted.product
    where points.pid is null or counted.pid is null or n_values is null
)

select product, pid, n_values from matched
union all
select counted.product, counted.pid, counted.n_values
from counted
inner join observed.products as products using (product)
where counted.n_values <> products.n_epochs
;
