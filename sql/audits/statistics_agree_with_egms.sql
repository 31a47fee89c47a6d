-- The refitted statistics of a product equal the published ones as often as the rounding of both allows.
--
-- severity: warning
-- audits:   report.agreement
--
-- A warning: other producers may compute otherwise. The limits are the lowest of the three real products of
-- release 2020_2024 that were compared first, less what a few hundred points leave to chance. The velocity is
-- judged by its error: raw, or corrected where that could be done.

with settings as (
    select
        0.030 as velocity_error,    -- mm/yr; the floor is the rounding of the published column, 0.1/√12
        100 as fewest_points        -- of fewer a share says little
),

limits (field, least_share) as (
    values
        ('mean_velocity_std', 0.99),
        ('acceleration', 0.83),
        ('acceleration_std', 0.93),
        ('seasonality', 0.97),
        ('seasonality_std', 0.99),
        ('rmse_ts', 0.97),
        ('temporal_coherence', 0.98)
),

judged as (
    select
        product,
        field,
        is_gnss_corrected,
        n_points,
        root_mean_square_difference,
        share_equal,
        least_share,
        max(is_gnss_corrected) over (partition by product, field) = is_gnss_corrected as is_best
    from report.agreement
    left join limits using (field)
)

select product, field, is_gnss_corrected, n_points, root_mean_square_difference, share_equal, least_share
from judged
cross join settings
where
    n_points >= fewest_points
    and (
        share_equal < least_share
        or (field = 'mean_velocity' and is_best and root_mean_square_difference > velocity_error)
    )
;
