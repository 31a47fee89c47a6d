-- The positions, from 1, of the epochs that a series lacks; an empty list for a complete one.
--
-- Looking for the first first: nearly every series is complete, and a lambda over each would cost more
-- than the fit (list_position finds a NULL five times as fast as list_count counts the others).

create or replace macro missing_epochs(displacements) as
case
    when list_position(displacements, null) is null then []::integer[]
    else [i::integer for i in range(1, len(displacements) + 1) if displacements[i] is null]
end
;
