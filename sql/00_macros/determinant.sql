-- The determinant of the sums of a least-squares fit on east and up (`normal_sums`).

create or replace macro determinant(sums) as
sums.ee * sums.uu - sums.eu ** 2
;
