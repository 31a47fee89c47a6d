-- How stated probabilities of the classes are turned into ones that hold.
--
-- version: 1
-- grain:   exponent
-- stored:  catalogue
--
-- Each probability, plus a floor, to the power of the exponent; then they add up to 1 again. That keeps the
-- order of the classes. Found on series that neither tuned the rules nor test them: `make bench-science`.

create or replace table classes.recalibration as

select
    1.0 as exponent,
    0.001 as probability_floor      -- no class is ever impossible
;
