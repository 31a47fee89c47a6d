-- How well one refitted statistic of a product agrees with the column that EGMS published.
--
-- version:   1
-- grain:     product, field, is_gnss_corrected
-- partition: product
-- stored:    catalogue
--
-- As it is, and for the velocity of L2b also corrected: its series carry the smooth GNSS rate, its column the
-- rounded `gnss_velocity`, so velocity - mean_velocity + gnss_velocity is a plane over the burst. A plane has
-- three parameters, and nothing smoother is taken out: a velocity that is wrong still shows.

create or replace table report.agreement as

with joined as (
    select
        points.product,
        points.easting,
        points.northing,
        kinematics.velocity_mm_yr,
        points.mean_velocity,
        points.gnss_velocity,
        kinematics.velocity_mm_yr - points.mean_velocity + points.gnss_velocity as gnss_rate,
        [
            {'field': 'mean_velocity', 'decimals': 1, 'refit': velocity_mm_yr, 'published': mean_velocity},
            {'field': 'mean_velocity_std', 'decimals': 1, 'refit': velocity_std_mm_yr, 'published': mean_velocity_std},
            {'field': 'acceleration', 'decimals': 2, 'refit': acceleration_mm_yr2, 'published': acceleration},
            {'field': 'acceleration_std', 'decimals': 2, 'refit': acceleration_std_mm_yr2, 'published': acceleration_std},
            {'field': 'seasonality', 'decimals': 1, 'refit': seasonality_mm, 'published': seasonality},
            {'field': 'seasonality_std', 'decimals': 1, 'refit': seasonality_std_mm, 'published': seasonality_std},
            {'field': 'rmse_ts', 'decimals': 1, 'refit': rmse_mm, 'published': rmse_ts},
            {
                'field': 'temporal_coherence',
                'decimals': 2,
                'refit': kinematics.temporal_coherence,
                'published': points.temporal_coherence
            }
        ] as fields
    from features.kinematics as kinematics
    inner join observed.points as points using (pid, product)
),

-- The least-squares plane of gnss_rate over easting and northing.
moments as (
    select
        product,
        avg(easting) as middle_east,
        avg(northing) as middle_north,
        avg(gnss_rate) as level,
        var_pop(easting) * var_pop(northing) - covar_pop(easting, northing) ** 2 as determinant,
        covar_pop(easting, gnss_rate) * var_pop(northing)
            - covar_pop(northing, gnss_rate) * covar_pop(easting, northing) as eastward,
        covar_pop(northing, gnss_rate) * var_pop(easting)
            - covar_pop(easting, gnss_rate) * covar_pop(easting, northing) as northward
    from joined
    where gnss_rate is not null
    group by product
    having determinant > 0
),

compared as (
    select product, false as is_gnss_corrected, unnest(fields, recursive := true)
    from joined
    union all
    select
        product,
        true as is_gnss_corrected,
        'mean_velocity' as field,
        1 as decimals,
        velocity_mm_yr + gnss_velocity - level
            - (eastward * (easting - middle_east) + northward * (northing - middle_north)) / determinant as refit,
        mean_velocity as published
    from joined
    inner join moments using (product)
)

select
    product,
    field,
    is_gnss_corrected,
    count(*) as n_points,
    sqrt(avg((refit - published) ** 2)) as root_mean_square_difference,    -- in the field's unit, as the next two
    avg(refit - published) as mean_difference,
    max(abs(refit - published)) as largest_difference,
    nullif(corr(refit, published), 'nan'::double) as pearson_r,
    avg((round(refit, decimals) = published)::integer) as share_equal
from compared
where refit is not null and published is not null
group by product, field, is_gnss_corrected
order by product, field, is_gnss_corrected
;
