-- How the text of one cell becomes a value. A cell that holds text but no value of its type becomes NULL here;
-- normalize.py tells it from a blank cell and quarantines the row. How the file writes its numbers and days, which no cell
-- says for itself, is decided in forms.py and given here as `decimal_mark` and `day_first`; NULL: it cannot be told.

-- A cell without the blanks, line ends and invisible marks of Unicode around it; those within stay.
-- Most cells begin and end with letters of ASCII, which is seen in half the time that looking for all blanks takes.
create or replace macro trimmed(cell) as case
    when cell[1] between '!' and '~' and cell[-1] between '!' and '~' then cell
    else trim(cell, '<edge blanks>')
end;

-- The markers that pandas reads as missing, so that the reference's NULLs are ours. A list, since the engine makes a join of
-- `in` with so many: it plans one for every cell of a table's description, and that takes longer than a small file.
create or replace macro missing_markers() as
    ['', 'n/a', 'N/A', '#N/A', '#NA', '<NA>', 'NA', 'null', 'NULL', 'nan', 'NaN', 'None'];
create or replace macro is_missing(cell) as list_contains(missing_markers(), trimmed(cell));

-- Where a number or a date is expected, a lone dash too says that there is none; as a text it stays.
create or replace macro is_missing_value(cell) as
    list_contains(list_concat(missing_markers(), ['-', '–', '—']), trimmed(cell));

create or replace macro as_text(cell) as case when not is_missing(cell) then trimmed(cell) end;

-- Country columns: 'NA' is the ISO code of Namibia.
create or replace macro as_code(cell) as nullif(trimmed(cell), '');

-- Project ids: registries print them in capitals, whatever a spreadsheet made of them.
create or replace macro as_id(cell) as upper(as_text(cell));

-- The text of a number with its sign in front, and without the blanks or apostrophes that group its digits in threes. Macros
-- that need a value several times bind it by a lambda of one element: the engine plans what a macro is given wherever it stands.
create or replace macro bare_number(cell) as list_transform(
    [regexp_replace(replace(trimmed(cell), '−', '-'), '^([\d.,].*?) ?-$', '-\1')],
    lambda v: case
        when regexp_full_match(v, '[+-]?\d{1,3}(([''’ʼ]\d{3})+|([ \x{00a0}\x{2007}\x{2009}\x{202f}]\d{3})+)([.,]\d*)?')
            then regexp_replace(v, '[''’ʼ \x{00a0}\x{2007}\x{2009}\x{202f}]', '', 'g')
        else v
    end
)[1];

create or replace macro points_and_commas_swapped(number) as translate(number, '.,', ',.');

-- What one number tells of the decimal mark, by its shape alone: 1.5 and 1,234,567 tell the point. 1.234, 1,234 and 0,500
-- (the format '0,000' of a spreadsheet) tell nothing.
create or replace macro tells_point(number) as regexp_full_match(
    number,
    '[+-]?(\d*\.(\d{0,2}|\d{4,})|\d{4,}\.\d{3}|\d{1,3}(,\d{3})+\.\d*|\d{1,3}(,\d{3}){2,}|\d{1,2}(,\d{2})+,\d{3}(\.\d*)?|\d+\.\d*[eE].*)'
) and number <> '.';
create or replace macro tells_comma(number) as tells_point(points_and_commas_swapped(number));
create or replace macro tells_no_mark(number) as regexp_full_match(number, '[+-]?\d{1,3}[.,]\d{3}');

-- With an exponent only where no digit is lost: 1.23E+06 stands for any of 10,000 whole numbers.
create or replace macro has_lost_digits(number) as
    regexp_full_match(number, '[+-]?\d+[.,]?\d*[eE]\+?\d+')
    and length(regexp_extract(number, '[.,](\d*)', 1)) < try_cast(regexp_extract(number, '[eE]\+?(\d+)', 1) as integer);

-- The number that is written with a decimal point, thousands grouped by comma in threes, or by twos as in India.
create or replace macro plain_number(number) as case
    when regexp_full_match(number, '[+-]?(\d+\.?\d*|\.\d+)') then number
    when regexp_full_match(number, '[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?|[+-]?[1-9]\d?(,\d{2})+,\d{3}(\.\d*)?')
        then replace(number, ',', '')
    when regexp_full_match(number, '[+-]?\d+\.?\d*[eE][+-]?\d+') and not has_lost_digits(number) then number
end;
create or replace macro number_text(cell, decimal_mark) as list_transform(
    [bare_number(cell)],
    lambda v: case
        when regexp_full_match(v, '[+-]?\d+') then v
        when decimal_mark = '.' then plain_number(v)
        when decimal_mark = ',' then plain_number(points_and_commas_swapped(v))
    end
)[1];

-- Digits beyond the sixth decimal (below one gram) are the noise of a float that was printed in full.
create or replace macro as_tonnes(cell, decimal_mark) as try_cast(number_text(cell, decimal_mark) as decimal(18, 6));

-- Where credits are whole, a number with three decimals is one whose thousands somebody took for decimals: 16.573.
create or replace macro as_whole_tonnes(cell, decimal_mark) as list_transform(
    [as_tonnes(cell, decimal_mark)],
    lambda v: case when v = floor(v) or not tells_no_mark(bare_number(cell)) then v end
)[1];

create or replace macro as_count(cell, decimal_mark) as
    try_cast(regexp_extract(number_text(cell, decimal_mark), '^(\d+)(\.0*)?$', 1) as bigint);

-- Whether a cell is a number with either mark, be it one that has lost digits.
create or replace macro is_number(cell) as list_transform(
    [bare_number(cell)], lambda v: (
        plain_number(v) is not null or plain_number(points_and_commas_swapped(v)) is not null or coalesce(has_lost_digits(v), false)
    )
)[1];

-- Which form a number has that could not be read; '' where it has none that is known.
create or replace macro form_of_number(cell) as list_transform(
    [bare_number(cell)],
    lambda v: case
        when has_lost_digits(v) then ': digits are lost in the exponent'
        when tells_no_mark(v) then ': whether the mark is a decimal one or groups thousands, the file does not tell of this cell'
        when tells_point(v) then ': a decimal point, where the file does not write its numbers so'
        when tells_comma(v) then ': a decimal comma, where the file does not write its numbers so'
        else ''
    end
)[1];

-- A year, or the year of the first date where a period or a day stands for it (D2).
create or replace macro as_year(cell) as case
    when regexp_full_match(trimmed(cell), '(19|20)\d\d([.,]0*| ?[-–/] ?(19|20)\d\d|-\d{2}-\d{2})?')
        then cast(regexp_extract(cell, '\d{4}') as integer)
end;

create or replace macro as_flag(cell) as map {
    'true': true, 'yes': true, 'y': true, '1': true, 'false': false, 'no': false, 'n': false, '0': false
}[lower(trimmed(cell))];

create or replace macro calendar_day(y, m, d) as try_cast(concat(y, '-', m, '-', d) as date);

-- What a date in numbers tells of the order of day and month: true that days lead, false that months do, NULL nothing.
create or replace macro day_leads(cell) as (
    with nums as (select regexp_extract(trimmed(cell), '^(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}', ['a', 'b']) as n)
    select case
        when try_cast(n.a as integer) > 12 and try_cast(n.b as integer) <= 12 then true
        when try_cast(n.b as integer) > 12 and try_cast(n.a as integer) <= 12 then false
    end from nums
);

-- Whether a date in numbers, year last, is another day by the other order, if it is one by both.
create or replace macro day_and_month_differ(cell) as
    try_cast(regexp_extract(trimmed(cell), '^(\d{1,2})', 1) as integer)
    <> try_cast(regexp_extract(trimmed(cell), '^\d{1,2}[-/.](\d{1,2})', 1) as integer);

-- macros of words --

-- A day in numbers, year last, in the order given. Where that is not known, only a day that has no other reading: 25/03/2024
-- and 04/04/2024.
create or replace macro ordered_day(y, a, b, day_first) as case
    when day_first then calendar_day(y, b, a)
    when not day_first then calendar_day(y, a, b)
    when try_cast(a as integer) > 12 then calendar_day(y, b, a)
    when try_cast(b as integer) > 12 or try_cast(a as integer) = try_cast(b as integer) then calendar_day(y, a, b)
end;

-- A day, a time and a zone as written. A time or an offset that no clock shows is none, and then the whole is no date.
create or replace macro split_date(cell) as regexp_extract(
    trimmed(cell),
    '^(.*?)(?:[T ]+((?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)? ?(?:[AaPp][Mm])?) ?(Z|z|UTC|GMT|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$',
    ['day', 'time', 'zone']
);

-- Minutes since midnight of a time such as 11:57:22 PM, and minutes of an offset such as -0530.
create or replace macro minutes_of_time(clock) as
    try_cast(regexp_extract(clock, '^(\d+):', 1) as integer) % if(regexp_matches(clock, '[AaPp][Mm]$'), 12, 24) * 60
    + if(regexp_matches(clock, '[Pp][Mm]$'), 720, 0) + try_cast(regexp_extract(clock, ':(\d+)', 1) as integer);
create or replace macro minutes_of_offset(zone) as
    if(zone[1] = '-', -1, 1)
    * (try_cast(zone[2:3] as integer) * 60 + coalesce(try_cast(nullif(regexp_extract(zone, '^...:?(\d\d)', 1), '') as integer), 0));

-- A date, alone or before a time of day, as the day in UTC. With numbers only, the year's place tells year-first from
-- year-last.
create or replace macro as_date(cell, day_first) as (
    with split as (select split_date(cell) as s),
    parts as (
        select
            s.time as time, s.zone as zone, s.day as day,
            regexp_extract(s.day, '^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$', ['y', 'm', 'd']) as ymd,
            regexp_extract(s.day, '^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$', ['a', 'b', 'y']) as nums
        from split
    ),
    days as (
        select time, zone, case
            when ymd.y <> '' then calendar_day(ymd.y, ymd.m, ymd.d)
            when nums.y <> '' then ordered_day(nums.y, nums.a, nums.b, day_first)
            when regexp_full_match(day, '\d{8}') then cast(try_strptime(day, '%Y%m%d') as date)
            else day_in_words(day)
        end as value
        from parts
    ),
    in_utc as (
        select case
            when regexp_matches(zone, '^[+-]') then
                value + cast(floor((minutes_of_time(time) - minutes_of_offset(zone)) / 1440) as integer)
            else value
        end as value
        from days
    )
    select case when year(value) between 1900 and 2200 then value end from in_utc
);

-- The day that a spreadsheet counts so many days after the end of 1899.
create or replace macro as_counted_day(cell) as
    date '1899-12-30' + try_cast(regexp_extract(trimmed(cell), '^(\d{5})([.,]\d*)?$', 1) as integer);

-- A day whose year has two digits, with those that are left out.
create or replace macro with_century(cell) as regexp_replace(trimmed(cell), '^(.*\D)(\d{2})$', '\120\2');

-- Which form a date has that could not be read; '' where it has none that is known. No query, which would be asked of every row.
create or replace macro form_of_date(cell) as list_transform(
    [{'v': trimmed(cell), 'has_clock': split_date(cell).time <> ''}],
    lambda t: case
        when regexp_full_match(t.v, '(0?[1-9]|1[0-2])[-/.](0?[1-9]|1[0-2])[-/.]\d{4}([T ].*)?')
            and (t.has_clock or not regexp_matches(t.v, '\d:'))
            then ': which is the day and which the month, the file does not tell'
        when regexp_full_match(t.v, '(0?[1-9]|[12]\d|3[01])[-/.](0?[1-9]|[12]\d|3[01])[-/.]\d{4}([T ].*)?')
            and (t.has_clock or not regexp_matches(t.v, '\d:'))
            then ': day and month stand in another order than in the rest of the file, or there is no such day'
        when regexp_full_match(t.v, '\d{1,2}[-/. ]+(\pL+\.?|\d{1,2})[-/. ]+\d{2}([T ].*)?|\pL+\.? \d{1,2},? \d{2}')
            then ': the year has two digits'
        when regexp_full_match(t.v, '\d{4,5}([.,]\d*)?') then ': the number of a day, as spreadsheets count them'
        when regexp_matches(t.v, '\d:\d') and not t.has_clock
            then ': no clock shows this time of day, or this offset from UTC'
        when regexp_matches(t.v, '^\d{1,2}\D*\pL.*\d{4}$|^\pL{3,}.*\d{4}$')
            then ': the month is no word that is known (configs/intake/forms.yml)'
        else ''
    end
)[1];

-- A cell of any kind for comparison: a number without its thousands' commas and without decimals that are all 0. What may
-- be no number (1.10, 007) stays as written.
create or replace macro as_compared(cell) as case
    when not (contains(cell, ',') or contains(cell, '.0')) then trim(cell)
    when regexp_full_match(trim(cell), '[+-]?\d{1,3}(,\d{3})+(\.\d+)?')
        then regexp_replace(replace(trim(cell), ',', ''), '\.0+$', '')
    when regexp_full_match(trim(cell), '[+-]?\d+\.0+') then regexp_replace(trim(cell), '\.0+$', '')
    else trim(cell)
end;
