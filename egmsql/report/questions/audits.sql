-- What each audit last found: how many parts of the lake it judged, and in how many it found rows.

select
    audit,
    model,
    severity,
    count(*) as n_judged,
    count(*) filter (n_rows > 0) as n_with_findings,
    sum(n_rows)::bigint as n_rows,
    arg_max(partition, n_rows) filter (n_rows > 0) as worst_partition,
    arg_max(sample, n_rows) filter (n_rows > 0) as sample,
    max(checked_at) at time zone 'UTC' as checked_at
from _audits
group by audit, model, severity
order by n_with_findings > 0 desc, severity, audit
;
