-- The sums of a least-squares fit of values on east and up: an aggregate, in an order that fixes every bit.

create or replace macro normal_sums(east, up, weight, number, ordering) as
{
    'ee': sum(weight * east ** 2 order by ordering),
    'eu': sum(weight * east * up order by ordering),
    'uu': sum(weight * up ** 2 order by ordering),
    'ey': sum(weight * east * number order by ordering),
    'uy': sum(weight * up * number order by ordering),
    'yy': sum(weight * number ** 2 order by ordering)
}
;
