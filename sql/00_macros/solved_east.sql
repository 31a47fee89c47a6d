-- The east part that a least-squares fit on east and up finds (`normal_sums`).

create or replace macro solved_east(sums) as
(sums.uu * sums.ey - sums.eu * sums.uy) / determinant(sums)
;
