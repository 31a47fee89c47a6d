-- Which models the lake is made by: version, what a row tells, rows and bytes.

select
    model,
    version,
    kind,
    description,
    count(path) as n_files,
    coalesce(sum(n_rows), 0)::bigint as n_rows,
    coalesce(sum(n_bytes), 0)::bigint as n_bytes,
    max(built_at) at time zone 'UTC' as built_at
from (select model, layer, version, kind, description from _models where layer >= 20) as models
left join (select model, path, n_rows, n_bytes, built_at from _files) as files using (model)
group by model, layer, version, kind, description
order by layer, model
;
