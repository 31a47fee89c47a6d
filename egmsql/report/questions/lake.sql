-- How much the lake holds in all, when it was last built, and by what.

select
    (select count(*) from observed.products) as n_products,
    (select coalesce(sum(n_points), 0)::bigint from observed.products) as n_points,
    (select count(*) from _files) as n_files,
    (select coalesce(sum(n_bytes), 0)::bigint from _files) as n_bytes,
    (select max(built_at) at time zone 'UTC' from _files) as built_at,
    (
        select count(*) from observed.products
        where product not in (select partition from _files where model = 'report.agreement')
    ) as n_products_not_built,
    egmsql,
    duckdb
from _lake
;
