-- How well each refitted statistic agrees with the published column, over all products of a level.

select
    level,
    field,
    is_gnss_corrected,
    count(*) as n_products,
    sum(agreement.n_points)::bigint as n_points,
    sqrt(sum(agreement.n_points * root_mean_square_difference ** 2) / sum(agreement.n_points))
        as root_mean_square_difference,
    sum(agreement.n_points * mean_difference) / sum(agreement.n_points) as mean_difference,
    max(largest_difference) as largest_difference,
    min(pearson_r) as least_pearson_r,
    sum(agreement.n_points * share_equal) / sum(agreement.n_points) as share_equal
from report.agreement as agreement
inner join observed.products using (product)
group by level, field, is_gnss_corrected
order by level, field, is_gnss_corrected
;
