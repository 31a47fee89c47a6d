-- The positions, from 1, of the epochs that a series lacks; an empty list for a complete one.
--
-- Counting first: nearly every series is complete, and a lambda over each would cost more than the fit.

create or replace macro missing_epochs(displacements) as
case
    when list_count(displacements) = len(displacements) then []::integer[]
    else [i::integer for i in range(1, len(displacements) + 1) if displacements[i] is null]
end
;
