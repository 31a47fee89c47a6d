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
from features.kinematics
inner join observed.points using (pid, product)
group by product
order by product
;

select
    product,
    count(*) filter (class = 'stable') as n_stable,
    count(*) filter (class = 'linear') as n_linear,
    count(*) filter (class = 'accelerating') as n_accelerating,
    count(*) filter (class = 'decelerating') as n_decelerating,
    count(*) filter (class = 'velocity_change') as n_velocity_change,
    count(*) filter (class = 'step') as n_step,
    count(*) filter (class = 'noisy') as n_noisy,
    count(*) filter (class = 'complex') as n_complex,
    count(*) filter (class = 'unclassified') as n_unclassified
from classes.motion
group by product
order by product
;
