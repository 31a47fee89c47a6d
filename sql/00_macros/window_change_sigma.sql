-- The standard error (mm/yr) of window_change by the noise of `features.kinematics`.

create or replace macro window_change_sigma(noise_std, correlation_1, correlation_2, epochs, basis, years) as
noise_std * sqrt(noise_inflation(correlation_1, correlation_2)
    / unexplained(hinge(epochs, years), hinge(epochs, years), basis))
;
