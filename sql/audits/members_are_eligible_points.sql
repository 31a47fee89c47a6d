-- Every eligible point is a member or noise, once, and every member is an eligible point.
--
-- severity: error
-- audits:   clusters.members

(
    select product, pid, 'not labelled' as wrong
    from blocks.eligible
    anti join clusters.members using (product, pid)
)
union all
(
    select product, pid, 'labelled without being eligible' as wrong
    from clusters.members
    anti join blocks.eligible using (product, pid)
)
union all
select product, pid, 'labelled twice' as wrong
from clusters.members
group by product, pid
having count(*) > 1
;
