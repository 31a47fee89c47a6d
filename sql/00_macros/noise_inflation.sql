-- By what the variance of a fitted rate grows because neighbouring residuals correlate; 1 for white noise.
--
-- Correlations r1, r2 at one and two epochs that fade by r2/r1 from epoch to epoch: over all lags 1 + 2 r1 /
-- (1 - r2/r1). Right for regressors that are smooth over many epochs, such as lines, parabolas and annual waves.

create or replace macro noise_inflation(correlation_1, correlation_2) as
case when correlation_1 > 0 then 1 + 2 * correlation_1 / (1 - correlation_2 / correlation_1) else 1 end
;
