-- The class of motion in the words of the reference system EGMSpy, so that results compare.
--
-- version: 1
-- grain:   pid, product
--
-- Its classes and flags with tests behind them. A velocity change counts by what it does to the speed, a step as
-- the motion around it plus the flag `jumpy`; its fixed limits and its probability of 1 are not followed.

create or replace view classes.egmspy as

with settings as (
    select 2.5 as moving_limit      -- mm/yr
)

select
    pid,
    product,
    egmspy_class(class, start_velocity_mm_yr, end_velocity_mm_yr, moving_limit) as class_1,
    egmspy_class(second_class, start_velocity_mm_yr, end_velocity_mm_yr, moving_limit) as class_2,
    coalesce(probability, 0) as class_prob_1,
    is_periodic as periodic,
    class = 'step' as jumpy,
    class = 'complex' as variable_flag,
    class not in ('stable', 'noisy', 'unclassified') and noisy_probability >= linear_probability as noisy_trend
from classes.motion
cross join settings
;
