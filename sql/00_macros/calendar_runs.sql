-- Days between epochs as text, runs of equal ones counted: [12, 6, 6] is '+12+6x2'.

create or replace macro calendar_runs(days) as
    array_to_string(
        list_transform(
            list_zip(
                [i for i in range(1, len(days) + 1) if i = 1 or days[i] <> days[i - 1]],
                [i for i in range(1, len(days) + 1) if i = len(days) or days[i] <> days[i + 1]]
            ),
            lambda run: '+' || days[run[1]] || if(run[2] > run[1], 'x' || (run[2] - run[1] + 1), '')
        ),
        ''
    )
;
