-- How well each refitted statistic agrees with the published column, and whether that meets its goal.
--
-- The goals are those of the audit `statistics_agree_with_egms`. The velocity has one for its error, raw or, where
-- the rounding of `gnss_velocity` could be accounted for, corrected; the others for the share that is equal.

with settings as (
    select
        0.030 as velocity_error,    -- mm/yr; the floor is the rounding of the published column, 0.1/√12
        100 as fewest_points        -- of fewer a share says little
),

limits (field, position, least_share) as (
    values
        ('mean_velocity', 1, null),
        ('mean_velocity_std', 2, 0.99),
        ('acceleration', 3, 0.83),
        ('acceleration_std', 4, 0.93),
        ('seasonality', 5, 0.97),
        ('seasonality_std', 6, 0.99),
        ('rmse_ts', 7, 0.97),
        ('temporal_coherence', 8, 0.98)
),

judged as (
    select
        agreement.*,
        limits.position,
        case
            when n_points >= fewest_points and field = 'mean_velocity'
                and is_gnss_corrected = max(is_gnss_corrected) over (partition by product, field)
                then velocity_error::double
        end as largest_error,
        case when n_points >= fewest_points then least_share::double end as least_share
    from report.agreement as agreement
    left join limits using (field)
    cross join settings
)

select
    product,
    field,
    is_gnss_corrected,
    n_points,
    root_mean_square_difference,
    mean_difference,
    largest_difference,
    pearson_r,
    share_equal,
    largest_error,
    least_share,
    coalesce(root_mean_square_difference <= largest_error, share_equal >= least_share) as is_met
from judged
order by product, position, field, is_gnss_corrected
;
