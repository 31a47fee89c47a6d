-- By how much (mm/yr) a series' velocity changed at the start of its last years, by a joint fit with line and wave.
--
-- displacements: 0.1 mm without a gap; basis: `series.fit_weights.fit_basis`. + is faster towards the satellite (L3:
-- up or east) than before. Windows under a year take a wave for a bend.

create or replace macro window_change(displacements, epochs, basis, years) as
0.1 * unexplained(displacements::double[], hinge(epochs, years), basis)
    / unexplained(hinge(epochs, years), hinge(epochs, years), basis)
;
