-- A measurement point or a cell of a cluster, with all that its area is described by.
--
-- version: 1
-- grain:   pid, product

create or replace view clusters.moving as

select
    members.cluster,
    moving.pid,
    moving.product,
    moving.stack,
    members.is_core,
    coalesce(products.level, 'cells') as level,
    coalesce(moving.release, products.release) as release,
    products.track,
    products.direction,
    moving.easting,
    moving.northing,
    moving.temporal_coherence,
    moving.velocity_mm_yr,
    moving.velocity_sigma_mm_yr,
    moving.class
from (
    select pid, product, cluster, is_core from clusters.members
    union all
    select pid, product, cluster, is_core from clusters.cell_members
) as members
inner join blocks.moving as moving using (pid, product)
left join observed.products as products using (product)
where members.cluster is not null
;
