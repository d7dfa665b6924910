-- Macros of the published file about what was known when. Marts themselves belong in dbt_project/.

-- The instant that a day means. A day (a DATE, or text like 2024-12-31) is what was known when it had ended in UTC; a
-- TIMESTAMP is that moment, in UTC unless it names a time zone.
create macro marts.instant_of(day) as
case
    when regexp_full_match(cast(day as varchar), '\d{4}-\d\d-\d\d')
        then (cast(day as timestamp) + interval 1 day - interval 1 microsecond) at time zone 'UTC'
    when regexp_matches(cast(day as varchar), ':\d\d.*[-+A-Za-z]') then cast(day as timestamptz)
    else cast(day as timestamp) at time zone 'UTC'
end;

-- The projects as the registries' files had them that were in use at the end of a day, or at a moment (marts.instant_of).
create macro marts.projects_as_of(day) as table
select * from marts.project_history
where valid_from <= marts.instant_of(day) and (valid_to > marts.instant_of(day) or valid_to is null);

-- tCO2e per project by the files that were in use at the end of a day, or at a moment (marts.instant_of). Where the totals
-- of a project are still those of today, what gives way at its host registry does, too (marts.replaced_at_host). Of others whose
-- credits another programme issued anew only that programme's count: what remains at the host is a matter of vintages and
-- reasons, which past totals do not hold. As in marts.projects, where no transaction of a registry was known, nothing is known
-- of its projects' totals: NULL, not 0.
create macro marts.totals_as_of(day) as table
with asserted as (
    select * from marts.totals_history
    where valid_from <= marts.instant_of(day) and (valid_to > marts.instant_of(day) or valid_to is null)
),
unchanged as (
    select project_id from marts.totals_history
    group by project_id
    having bool_and(
        (valid_from <= marts.instant_of(day) and (valid_to > marts.instant_of(day) or valid_to is null)) = (valid_to is null)
    )
),
counted as (
    select project_id, registry, transaction_type, quantity from asserted
    where
        is_host_replacement
        or project_id not in (select a.project_id from asserted a where a.is_host_replacement)
        or project_id in (select u.project_id from unchanged u)
    union all
    select project_id, registry, transaction_type, -quantity as quantity from marts.replaced_at_host
    where project_id in (select u.project_id from unchanged u)
),
projects as (
    select project_id, registry from marts.projects_as_of(day)
    union
    select project_id, registry from counted
),
totals as (
    select
        project_id,
        coalesce(sum(quantity) filter (where transaction_type = 'issuance'), 0) as issued,
        coalesce(sum(quantity) filter (where transaction_type = 'retirement'), 0) as retired,
        coalesce(sum(quantity) filter (where transaction_type = 'cancellation'), 0) as cancelled
    from counted
    group by project_id
),
known_registries as (
    select distinct registry, 0 as nothing from asserted where not is_host_replacement
)
select
    p.project_id,
    p.registry,
    cast(coalesce(t.issued, k.nothing) as decimal(38, 6)) as issued,
    cast(coalesce(t.retired, k.nothing) as decimal(38, 6)) as retired,
    cast(coalesce(t.cancelled, k.nothing) as decimal(38, 6)) as cancelled,
    cast(coalesce(t.issued - t.retired - t.cancelled, k.nothing) as decimal(38, 6)) as outstanding
from projects p
left join totals t on t.project_id = p.project_id
left join known_registries k on k.registry = p.registry
order by p.project_id;

-- The sums of marts.totals_as_of by the registry that hosts the projects; NULL where nothing was known of any of them.
create macro marts.registry_totals_as_of(day) as table
select
    registry,
    count(*) as projects,
    sum(issued) as issued,
    sum(retired) as retired,
    sum(cancelled) as cancelled,
    sum(outstanding) as outstanding
from marts.totals_as_of(day)
group by registry
order by registry;
