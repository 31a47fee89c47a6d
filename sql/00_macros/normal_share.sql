-- The share of a normal distribution below z standard deviations, to 1e-7; NULL for NULL.
--
-- Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17.

create or replace macro normal_share(z) as
case
    when z is null then null
    when z < -38 then 0.0
    when z > 38 then 1.0
    when z < 0 then normal_tail(-z)
    else 1 - normal_tail(z)
end
;
