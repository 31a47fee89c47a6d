-- What the last ten runs of a command did.

select
    command,
    max(ended_at) at time zone 'UTC' as ended_at,
    count(*) as n_tasks,
    count(*) filter (action = 'unchanged') as n_unchanged,
    count(distinct partition) as n_partitions,
    sum(seconds) as seconds,        -- of all tasks; some run side by side
    list_sort(list_distinct(list(split_part(reason, ' ', 1)))) as reasons
from _runs
group by run, command
order by ended_at desc, run
limit 10
;
