-- What each product is: level, place, orbit, release, epochs, points, period and producer.

select
    product,
    level,
    coalesce(direction, case component when 'E' then 'east' when 'U' then 'up' end, 'unknown') as look,
    track,
    burst,
    swath,
    tile,
    release,
    delivery,
    n_points,
    n_epochs,
    first_epoch,
    last_epoch,
    facility,
    production_date
from observed.products
order by level, look, release, product
;
