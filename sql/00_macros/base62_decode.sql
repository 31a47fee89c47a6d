-- The number that up to ten base-62 digits (0-9, A-Z, a-z) spell; NULL for anything else.
--
-- Unrolled: a lambda over the characters is ten times slower, and every pid of a lake passes here.

create or replace macro base62_decode(digits) as
case
    when regexp_full_match(digits, '[0-9A-Za-z]{1,10}') then
        (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[1]) - 1) * 13537086546263552
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[2]) - 1) * 218340105584896
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[3]) - 1) * 3521614606208
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[4]) - 1) * 56800235584
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[5]) - 1) * 916132832
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[6]) - 1) * 14776336
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[7]) - 1) * 238328
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[8]) - 1) * 3844
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[9]) - 1) * 62
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', lpad(digits, 10, '0')[10]) - 1)
end
;
