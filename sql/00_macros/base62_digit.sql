-- The value of one base-62 digit: 0-9, A-Z, a-z count from 0 to 61; -1 for any other character.

create or replace macro base62_digit(digit) as
strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', digit) - 1
;
