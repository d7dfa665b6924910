"""The check of land that is claimed twice: what is claimed at other times is told, and fails nothing."""

import pyarrow as pa
import pytest

from carbon_assets.boundaries import schema
from carbon_assets.boundaries.assets import _claimed_twice


def overlaps(*in_time: bool | None) -> pa.Table:
    rows = [
        {"project_id": "A", "other_project_id": f"B{i}", "overlap_ha": 10.0, "share": 0.1, "other_share": 0.2,
         "overlaps_in_time": known}
        for i, known in enumerate(in_time)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema.BOUNDARY_OVERLAPS)


@pytest.mark.parametrize(
    ("in_time", "passed", "said"),
    [
        ((), True, None),
        ((False, False), True, "0 pairs of projects share 0 ha; 2 more share land at other times"),
        ((True, False), False, "1 pairs of projects share 10 ha; 1 more share land at other times"),
        ((None,), False, "1 pairs of projects share 10 ha; 0 more share land at other times"),
    ],
)
def test_land_is_claimed_twice_unless_it_is_at_other_times(in_time, passed, said):
    result = _claimed_twice(overlaps(*in_time))
    assert (result.passed, result.description) == (passed, said)
