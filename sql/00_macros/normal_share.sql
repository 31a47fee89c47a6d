-- The share of a normal distribution below z standard deviations, to 1e-7; NULL for NULL.

create or replace macro normal_share(z) as
case when z < 0 then normal_tail(z) / 2 else 1 - normal_tail(z) / 2 end
;
