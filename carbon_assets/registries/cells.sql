-- How the text of one cell becomes a value. A cell that holds text but no value of its type becomes NULL here;
-- normalize.py tells it from a blank cell and quarantines the row.

-- The markers that pandas reads as missing, so that the reference's NULLs are ours. A list, since the engine makes a join of
-- `in` with so many: it plans one for every cell of a table's description, and that takes longer than a small file.
create or replace macro is_missing(cell) as list_contains(
    ['', 'n/a', 'N/A', '#N/A', '#NA', '<NA>', 'NA', 'null', 'NULL', 'nan', 'NaN', 'None'],
    trim(cell, concat(e' \t\r\n', chr(160)))
);

-- Where a number or a date is expected, a lone dash too says that there is none; as a text it stays.
create or replace macro is_missing_value(cell) as is_missing(cell) or trim(cell) in ('-', '–', '—');

create or replace macro as_text(cell) as case when not is_missing(cell) then cell end;

-- Country columns: 'NA' is the ISO code of Namibia.
create or replace macro as_code(cell) as nullif(trim(cell, concat(e' \t\r\n', chr(160))), '');

-- Project ids: registries print them in capitals, whatever a spreadsheet made of them.
create or replace macro as_id(cell) as upper(trim(as_text(cell), concat(e' \t\r\n', chr(160))));

-- Thousands are grouped in threes by comma, apostrophe or any space. Digits beyond the sixth decimal (below one
-- gram) are the noise of a float that was printed in full.
create or replace macro as_tonnes(cell) as (
    with t as (select trim(cell, concat(e' \t\r\n', chr(160))) as v)
    select case
        when regexp_full_match(v, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?') then try_cast(v as decimal(18, 6))
        when regexp_full_match(v, '[+-]?\d{1,3}([,''’ \x{00a0}\x{2009}\x{202f}]\d{3})+(\.\d*)?')
            then try_cast(regexp_replace(v, '[^\d.+-]', '', 'g') as decimal(18, 6))
    end from t
);

create or replace macro as_count(cell) as case
    when regexp_full_match(trim(cell), '\d+(\.0*)?') then try_cast(regexp_extract(cell, '\d+') as bigint)
end;

-- A year, or the year of the first date where a period or a day stands for it (D2).
create or replace macro as_year(cell) as case
    when regexp_full_match(trim(cell), '(19|20)\d\d(\.0*| ?[-–/] ?(19|20)\d\d|-\d{2}-\d{2})?')
        then cast(regexp_extract(cell, '\d{4}') as integer)
end;

create or replace macro as_flag(cell) as case
    when lower(trim(cell)) in ('true', 'yes', 'y', '1') then true
    when lower(trim(cell)) in ('false', 'no', 'n', '0') then false
end;

create or replace macro calendar_day(y, m, d) as try_cast(concat(y, '-', m, '-', d) as date);

-- What a date in numbers tells of the order of day and month: true that days lead, false that months do, NULL nothing.
create or replace macro day_leads(cell) as (
    with nums as (select regexp_extract(trim(cell), '^(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}', ['a', 'b']) as n)
    select case
        when try_cast(n.a as integer) > 12 and try_cast(n.b as integer) <= 12 then true
        when try_cast(n.b as integer) > 12 and try_cast(n.a as integer) <= 12 then false
    end from nums
);

-- A date, alone or before a time of day. With numbers only, the year's place tells year-first from year-last; day
-- and month are read in the order given, and in the other order where only that is a date (25/03/2024).
create or replace macro as_date(cell, day_first) as (
    with split as (
        select regexp_extract(
            trim(cell, concat(e' \t\r\n', chr(160))),
            '^(.*?)(?:[T ]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?(?:[AaPp][Mm])?) ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$',
            ['day', 'time', 'zone']
        ) as s
    ),
    parts as (
        select
            s.day as day, s.time as time, s.zone as zone,
            regexp_extract(s.day, '^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$', ['y', 'm', 'd']) as ymd,
            regexp_extract(s.day, '^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$', ['a', 'b', 'y']) as nums
        from split
    ),
    days as (
        select case
            when ymd.y <> '' and regexp_full_match(zone, '[+-]\d{2}(:?\d{2})?')
                then cast(timezone('UTC', try_cast(concat(day, ' ', time, zone) as timestamptz)) as date)
            when ymd.y <> '' then calendar_day(ymd.y, ymd.m, ymd.d)
            when nums.y <> '' and day_first
                then coalesce(calendar_day(nums.y, nums.b, nums.a), calendar_day(nums.y, nums.a, nums.b))
            when nums.y <> ''
                then coalesce(calendar_day(nums.y, nums.a, nums.b), calendar_day(nums.y, nums.b, nums.a))
            when regexp_full_match(day, '\d{8}') then cast(try_strptime(day, '%Y%m%d') as date)
            else cast(try_strptime(day, [
                '%d-%b-%Y', '%d %b %Y', '%d %B %Y', '%d-%B-%Y', '%b %d, %Y', '%B %d, %Y', '%b %d %Y', '%B %d %Y'
            ]) as date)
        end as value
        from parts
    )
    select case when year(value) between 1900 and 2200 then value end from days
);

-- A cell of any kind for comparison: a number without its thousands' commas and without decimals that are all 0. What may
-- be no number (1.10, 007) stays as written.
create or replace macro as_compared(cell) as case
    when not (contains(cell, ',') or contains(cell, '.0')) then trim(cell)
    when regexp_full_match(trim(cell), '[+-]?\d{1,3}(,\d{3})+(\.\d+)?')
        then regexp_replace(replace(trim(cell), ',', ''), '\.0+$', '')
    when regexp_full_match(trim(cell), '[+-]?\d+\.0+') then regexp_replace(trim(cell), '\.0+$', '')
    else trim(cell)
end;
