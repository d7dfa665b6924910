"""Moons: which there are, and what they are called."""

from carbon_assets.platform.subject import Knowledge, Subject

SUBJECT = Subject(
    name="moons",
    floor="meaning",
    meaning="The moons of planets.",
    takes="carbon_assets.moons.landing",
    knowledge=(Knowledge("moons", "What moons are called.", ("moons/*.csv",)),),
    inputs={"harmonized/moons": ()},
    assets="carbon_assets.moons.assets:build",
    report="carbon_assets.moons.report:lines",
)
