-- How often a class that was given with some probability is right: what a stated probability is worth.
--
-- version: 1
-- grain:   kind, stated
-- stored:  catalogue
--
-- Between rows it is linear. Found on series that neither tuned the rules nor test them, half as many of each
-- class and half as on the ground: `make bench-science ARGS="--calibrate ours"` prints these rows.

create or replace table classes.calibration as

with found (kind, stated, correct) as (
    values
        ('steady', 0.0000, 0.0000),
        ('steady', 0.6880, 0.5409),
        ('steady', 0.9168, 0.8341),
        ('steady', 0.9699, 0.9332),
        ('steady', 0.9838, 0.9739),
        ('steady', 0.9887, 0.9868),
        ('steady', 0.9908, 0.9972),
        ('steady', 0.9924, 0.9998),
        ('steady', 1.0000, 1.0000),
        ('changing', 0.0000, 0.0000),
        ('changing', 0.4850, 0.4554),
        ('changing', 0.6391, 0.6210),
        ('changing', 0.7621, 0.6883),
        ('changing', 0.8537, 0.7832),
        ('changing', 0.9170, 0.8273),
        ('changing', 0.9539, 0.8599),
        ('changing', 0.9742, 0.9167),
        ('changing', 0.9846, 0.9323),
        ('changing', 0.9895, 0.9683),
        ('changing', 0.9925, 1.0000),
        ('changing', 1.0000, 1.0000)
)

select
    kind,                           -- of the class given: steady (stable, linear, noisy) or changing
    stated,
    correct,
    coalesce(lead(stated) over whole, 1) as next_stated,
    coalesce(lead(correct) over whole, correct) as next_correct
from found
window whole as (partition by kind order by stated)
order by kind, stated
;
