-- What counts as moving, as near and as crowded: the settings of the clustering, for all its models.
--
-- version: 3
-- grain:   eps
-- stored:  catalogue
--
-- The defaults mean what the reference system's do: active points of one viewing geometry that are near in
-- place and alike in velocity. Change a number here, and `egmsql plan` says what follows.

create or replace table blocks.parameters as

select
    2.5::double as velocity_limit_mm_yr,        -- mm/yr: slower points are not moving
    'none' as background,                       -- none or product: what the limit counts from, 0 or its median
    0.5::double as coherence_limit,             -- published temporal_coherence; L3 has none and passes
    ['unclassified', 'stable', 'noisy'] as classes_left_out,
    'track' as grouping,                        -- track, direction or all: what is clustered together
    100.0::double as eps,                       -- m on the ground: the largest distance of neighbours
    3.0::double as eps_velocity,                -- mm/yr that count as much as eps
    5 as min_points,                            -- neighbours, itself included, of a core
    false as is_cylinder,                       -- eps and eps_velocity each by itself, not as one distance
    false as with_uncertainty,                  -- widen eps_velocity to 2 √(σ² + σ'²) of two points
    false as with_cells,                        -- cluster geometry.cells too, by east and up velocity
    false as with_class,                        -- only points of compatible classes are neighbours
    50.0::double as sub_eps,                    -- m: of subareas, as the next two
    2.0::double as sub_eps_velocity,            -- mm/yr
    3 as sub_min_points,
    100000 as block_points,                     -- the most points of a block and its margin, 1 kB of memory each
    20.0::double as outline_margin,             -- m around the points of an area
    15.0::double as sub_outline_margin,         -- m around the points of a subarea
    0.3::double as outline_concavity,           -- 0 hugs the points, 1 is the convex hull
    20000 as series_points                      -- the most series of an area that its mean is taken from
;
