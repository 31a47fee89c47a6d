-- The displacement that the members of a cluster have in common, with quartiles at each epoch.
--
-- version:   1
-- grain:     cluster
-- partition: batch
--
-- Products of one cluster may differ in their epochs: the lists follow all of them, and each epoch counts the points
-- seen at it. Of very large clusters a sample is taken, the same in each run.

create or replace table clusters.motions as

with chosen as (
    select batches.cluster, members.pid, members.product
    from clusters.batches as batches
    inner join clusters.members as members using (cluster, product)
    cross join blocks.parameters
    qualify row_number() over (partition by cluster order by md5(members.pid || members.product))
        <= any_value(series_points) over (partition by cluster)
),

calendars as (
    select
        cluster,
        list_sort(list_distinct(flatten(list(epochs)))) as epochs
    from (select distinct cluster, product from clusters.batches) as parts
    inner join observed.products using (product)
    group by cluster
),

-- Most clusters lie in products of the same epochs, whose series are taken as they are.
series as (
    select
        chosen.cluster,
        calendars.epochs,
        chosen.pid,
        chosen.product,
        case
            when products.epochs = calendars.epochs then displacements
            else list_transform(calendars.epochs, lambda e: displacements[list_position(products.epochs, e)])
        end as displacements
    from chosen
    inner join calendars using (cluster)
    inner join series.displacement as displacement using (pid, product)
    inner join observed.products as products using (product)
),

joined as (
    select cluster, any_value(epochs) as epochs, flatten(list(displacements order by pid, product)) as displacements
    from series
    group by cluster
),

found as materialized (
    select cluster, epochs, common_motion(displacements, epochs) as motion
    from joined
)

select
    cluster,
    epochs,
    motion.n_points as n_series,                                -- at each epoch, as the lists that follow
    motion.mean_mm as mean_displacements_mm,
    motion.lower_quartile_mm as lower_quartiles_mm,
    motion.median_mm as median_displacements_mm,
    motion.upper_quartile_mm as upper_quartiles_mm,
    motion.temporal_noise,
    motion.spatial_noise,
    motion.last_year_change_mm_yr,
    motion.last_year_change_std_mm_yr
from found
order by cluster
;
