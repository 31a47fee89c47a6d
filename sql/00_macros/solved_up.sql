-- The up part that a least-squares fit on east and up finds (`normal_sums`).

create or replace macro solved_up(sums) as
(sums.ee * sums.uy - sums.eu * sums.ey) / determinant(sums)
;
