-- The number that up to ten base-62 digits (0-9, A-Z, a-z) spell; NULL for anything else.

create or replace macro base62_decode(digits) as
case
    when regexp_full_match(digits, '[0-9A-Za-z]{1,10}') then
        base62_digit(lpad(digits, 10, '0')[1]) * 13537086546263552
        + base62_digit(lpad(digits, 10, '0')[2]) * 218340105584896
        + base62_digit(lpad(digits, 10, '0')[3]) * 3521614606208
        + base62_digit(lpad(digits, 10, '0')[4]) * 56800235584
        + base62_digit(lpad(digits, 10, '0')[5]) * 916132832
        + base62_digit(lpad(digits, 10, '0')[6]) * 14776336
        + base62_digit(lpad(digits, 10, '0')[7]) * 238328
        + base62_digit(lpad(digits, 10, '0')[8]) * 3844
        + base62_digit(lpad(digits, 10, '0')[9]) * 62
        + base62_digit(lpad(digits, 10, '0')[10])
end
;
