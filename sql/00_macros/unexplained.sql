-- What of the product of two series is left when the first four rows of `fit_basis` (line and annual wave) have gone.

create or replace macro unexplained(one, other, basis) as
list_dot_product(one, other)
    - list_dot_product(one, basis[1]) * list_dot_product(other, basis[1])
    - list_dot_product(one, basis[2]) * list_dot_product(other, basis[2])
    - list_dot_product(one, basis[3]) * list_dot_product(other, basis[3])
    - list_dot_product(one, basis[4]) * list_dot_product(other, basis[4])
;
