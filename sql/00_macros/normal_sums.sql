-- The sums of a least-squares fit of numbers on east and up, to the last bit whatever their order: an aggregate.

create or replace macro normal_sums(east, up, weight, number) as
{
    'ee': steady_sum(weight * east ** 2),
    'eu': steady_sum(weight * east * up),
    'uu': steady_sum(weight * up ** 2),
    'ey': steady_sum(weight * east * number),
    'uy': steady_sum(weight * up * number),
    'yy': steady_sum(weight * number ** 2)
}
;
