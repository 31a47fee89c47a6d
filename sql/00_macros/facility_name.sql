-- Who produced a product, by the facility code of its pids.

create or replace macro facility_name(code) as
['UNDEF', 'EGEOS', 'GAF', 'NORCE', 'TREA'][1 + code]
;
