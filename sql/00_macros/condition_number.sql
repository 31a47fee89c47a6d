-- How much a fit on east and up can magnify an error: largest over smallest stretch of its matrix; 1 is best.

create or replace macro condition_number(sums) as
sqrt(
    (sums.ee + sums.uu + sqrt((sums.ee - sums.uu) ** 2 + 4 * sums.eu ** 2))
    / nullif(greatest(sums.ee + sums.uu - sqrt((sums.ee - sums.uu) ** 2 + 4 * sums.eu ** 2), 0), 0)
)
;
