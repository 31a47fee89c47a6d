-- The base-62 digits (0-9, A-Z, a-z) of a number, left-padded with 0 to `width` of at most ten.

create or replace macro base62_encode(number, width) as
right(
    array_to_string(
        [
            '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'[1 + (number::bigint // place) % 62]
            for place in [
                13537086546263552, 218340105584896, 3521614606208, 56800235584, 916132832,
                14776336, 238328, 3844, 62, 1
            ]
        ],
        ''
    ),
    width
)
;
