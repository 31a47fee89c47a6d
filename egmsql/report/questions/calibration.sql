-- What a stated probability of a class is worth, as the benchmark found it.

select
    kind,
    stated,
    correct
from classes.calibration
where stated between 0.01 and 0.999
order by kind desc, stated
;
