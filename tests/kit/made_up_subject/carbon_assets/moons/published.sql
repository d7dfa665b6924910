-- The moons that go round a planet.
create macro marts.moons_of(name) as table
select * from marts.moons where planet = name;
