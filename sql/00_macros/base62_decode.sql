-- The number that up to ten base-62 digits (0-9, A-Z, a-z) spell; NULL for anything else.
--
-- Unrolled from the last digit: a lambda over the characters is ten times slower, and every pid of a lake
-- passes here. A digit that is not there is an empty text, which strpos finds at 1, so it counts as 0.

create or replace macro base62_decode(digits) as
case
    when regexp_full_match(digits, '[0-9A-Za-z]{1,10}') then
        (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-1]) - 1)
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-2]) - 1) * 62
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-3]) - 1) * 3844
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-4]) - 1) * 238328
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-5]) - 1) * 14776336
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-6]) - 1) * 916132832
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-7]) - 1) * 56800235584
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-8]) - 1) * 3521614606208
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-9]) - 1) * 218340105584896
        + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digits[-10]) - 1) * 13537086546263552
end
;
