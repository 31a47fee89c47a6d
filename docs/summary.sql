-- The summary that `make demo` prints; also a first look at any lake:
-- duckdb -readonly lake/egmsql.duckdb -c ".read docs/summary.sql"

select
    product,
    level,
    direction,
    n_points,
    n_epochs,
    first_epoch,
    last_epoch
from observed.products
order by product
;

select
    product,
    count(*) as n_points,
    round(quantile_cont(velocity_mm_yr, 0.05), 1) as p5_mm_yr,
    round(median(velocity_mm_yr), 1) as median_mm_yr,
    round(quantile_cont(velocity_mm_yr, 0.95), 1) as p95_mm_yr,
    count(*) filter (abs(velocity_mm_yr) > 5) as n_faster_than_5_mm_yr,
    round(sqrt(avg((velocity_mm_yr - mean_velocity) ** 2)), 3) as rmse_to_egms_mm_yr
from features.fits
inner join observed.points using (pid, product)
group by product
order by product
;
