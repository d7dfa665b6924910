"""Faults planted one by one into a copy of this checkout: does `make test` notice each? Run by `make faults`.

A fault is one small edit of the code, a configuration, a suite or a model, as a tired hand would make it. Of each only the tests
are run that are meant to notice it, so that the whole list takes minutes. `--only TEXT` plants the faults with that text in their
names. The exit code is 1 if a fault goes unnoticed, cannot be planted any more, or its tests fail without it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.kit.places import HOME, REAL_DATA

CODE = "carbon_assets"
MARTS = "dbt_project/models/marts"
SET_ASIDE = "registries/unit/test_normalize.py::test_tonnes_set_aside_are_neither_more_nor_less_than_what_is_known"


@dataclass(frozen=True)
class Fault:
    """`right` stands once in `file`; with `wrong` in its place `tests` must fail."""

    name: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]


def fault(name: str, file: str, right: str, wrong: str, *tests: str) -> Fault:
    return Fault(name, file, right, wrong, tuple(f"tests/{test}" for test in tests))


FAULTS = (
    # base
    fault("configs: a key given twice counts silently", f"{CODE}/base/configs.py",
          "if isinstance(key, ScalarNode) and key.value in lines:", "if key is None:", "base/unit/test_configs.py"),
    fault("workbooks: a further sheet with the same header is left out", f"{CODE}/base/readers/workbooks.py",
          "return _table(fitting)", "return _table(fitting[:1])", "base/unit/test_readers.py"),
    fault("workbooks: a sheet has the size that it says", f"{CODE}/base/readers/workbooks.py",
          "    worksheet.reset_dimensions()\n", "", "base/unit/test_readers.py"),
    fault("workbooks: a formula that was never counted is a blank cell", f"{CODE}/base/readers/workbooks.py",
          "if number in sheet.uncounted:", "if False:", "base/unit/test_readers.py"),
    fault("layouts: the first of two that fit equally counts", f"{CODE}/registries/layouts.py",
          "if len(certain) != 1:", "certain = certain or [*fitting]\n    if not certain:", "registries/unit/test_layouts.py"),
    fault("anchors: one of two counterparts is taken", f"{CODE}/registries/anchors.py",
          "count(*) over (partition by r.credit_id) = 1 and", "row_number() over (partition by r.credit_id) = 1 and",
          "registries/unit/test_layouts.py"),
    fault("anchors: the day is the newer one", f"{CODE}/registries/anchors.py",
          "coalesce(p.older_date, r.transaction_date)", "r.transaction_date", "registries/unit/test_layouts.py"),
    fault("stated totals: a part is a whole", f"{CODE}/registries/stated_totals.py",
          "if stated is None or stated == _held(raw):", "if True:", "registries/unit/test_greentrace.py"),
    fault("source: another day is only written otherwise", f"{CODE}/history/source_diff.py",
          "if({days} > {MAX_DAYS_BETWEEN_ZONES}, 'vintage", "if(false, 'vintage", "history/unit/test_source_diff.py"),
    fault("gate: columns are compared across layouts", f"{CODE}/registries/release_gate.py",
          " and not in_another_layout", "", "registries/unit/test_greentrace.py"),
    fault("delimited: every line is split again", f"{CODE}/base/readers/delimited.py",
          "return self.letters >= 0", "return True", "base/unit/test_readers.py"),
    fault("records: an error in a sound reply is a table", f"{CODE}/base/readers/records.py",
          'if states or value.get("error") or value.get("errors"):', "if False:", "base/unit/test_readers_json.py"),
    fault("records: a record without its list is left out", f"{CODE}/base/readers/records.py",
          'records.bad.append(BadRow(line, _text(element)', '[].append(BadRow(line, _text(element)', "base/unit/test_readers_json.py"),
    fault("pages: a table that was cut short is whole", f"{CODE}/base/readers/pages.py",
          "if not table.is_closed:", "if False:", "base/unit/test_readers_pages.py"),
    fault("cutting: the first of several columns is cut", f"{CODE}/base/readers/cutting.py",
          "for name in named:", "for name in named[:1]:", "base/unit/test_readers_cut.py"),
    fault("quoting: a quote before a delimiter ends its cell", f"{CODE}/base/readers/quoting.py",
          "if not is_within_pair and (end == len(text)", "if (end == len(text)", "base/unit/test_readers.py"),
    fault("quoting: cells too many belong to the last column", f"{CODE}/base/readers/quoting.py",
          "first, last = form.surplus, form.surplus + surplus + 1", "first, last = form.width - 1, form.width + surplus",
          "base/unit/test_readers.py"),
    fault("delimited: a row that does not fit is skipped", f"{CODE}/base/readers/delimited.py",
          "        rejected.append(row)\n", "", "registries/unit/test_byte_fuzz.py"),
    fault("gzip: damage is not foreseen", f"{CODE}/base/readers/limits.py",
          "except zlib.error as error:", "except EOFError as error:", "registries/unit/test_byte_fuzz.py"),
    fault("workbooks: damage is not foreseen", f"{CODE}/base/readers/workbooks.py",
          "except Exception as error:  # openpyxl", "except KeyError as error:  # openpyxl", "registries/unit/test_byte_fuzz.py"),
    fault("archives: damage is not foreseen", f"{CODE}/geo/files/archives.py",
          "except Exception as error:  # zipfile", "except KeyError as error:  # zipfile", "boundaries/unit/test_byte_fuzz.py"),
    fault("readers: a NUL stays in a column's name", f"{CODE}/base/readers/tables.py",
          'map(ord, "\\0\\ufeff")', 'map(ord, "\\ufeff")', "registries/unit/test_contents.py"),
    # snapshots
    fault("raw store: the same bytes are stored again", f"{CODE}/snapshots/store.py",
          "if known and known[-1].sha256 == sha256 and", "if not known and", "snapshots/unit/test_snapshots.py"),
    fault("raw store: an accepted snapshot is not marked", f"{CODE}/snapshots/store.py",
          "    if not is_accepted(settings, snapshot):\n", "    if is_accepted(settings, snapshot):\n",
          "registries/unit/test_intake.py", "snapshots/unit/test_snapshots.py"),
    fault("raw store: samples stay in use beside real files", f"{CODE}/snapshots/store.py",
          "and _has_real_snapshot(settings):", "and not snapshots:", "snapshots/unit/test_snapshots.py"),
    fault("landing: a file is taken while it is written", f"{CODE}/snapshots/landing.py",
          "or seen.get(name) == mark:", "or name in seen:", "snapshots/unit/test_landing.py"),
    # registries
    fault("cells: N/A is a text", f"{CODE}/registries/cells.sql", "'', 'n/a', 'N/A', ", "'', 'n/a', ",
          "registries/unit/test_cells.py"),
    fault("cells: day and month the other way round", f"{CODE}/registries/cells.sql",
          "    when day_first then calendar_day(y, b, a)", "    when day_first then calendar_day(y, a, b)", "registries/unit/test_cells.py"),
    fault("cells: the vintage is the year of the last date", f"{CODE}/registries/cells.sql",
          "then cast(regexp_extract(cell, '\\d{4}') as integer)", "then cast(right(trim(cell), 4) as integer)",
          "registries/unit/test_cells.py"),
    fault("cells: blanks around a text stay", f"{CODE}/registries/cells.sql",
          "else trim(cell, '<edge blanks>')", "else trim(cell)", "registries/unit/test_cells.py"),
    fault("cells: a day with an offset that no clock has is read", f"{CODE}/registries/cells.sql",
          "[+-](?:0\\d|1[0-4])(?:", "[+-]\\d\\d(?:", "registries/unit/test_cells.py"),
    fault("cells: an exponent that has lost digits is a number", f"{CODE}/registries/cells.sql",
          " and not has_lost_digits(number) then number", " then number", "registries/unit/test_cells.py"),
    fault("labels: a word that nobody knows is not told", f"{CODE}/registries/cells.py",
          "lambda x: not ({skipped}))", "lambda x: false)",
          "registries/unit/test_normalize.py"),
    fault("labels: rows that differ in them are one event", f"{CODE}/registries/events.py",
          "list_sort(list_distinct(labels)) as labels) from",
          "if(labels is null, null, list_sort(list_distinct(flatten(list(labels) over (partition by {keys}))))) as labels) from",
          "registries/unit/test_normalize.py"),
    fault("cells: whole credits have decimals", f"{CODE}/registries/cells.sql",
          "case when v = floor(v) or not tells_no_mark(bare_number(cell)) then v end", "v", "registries/unit/test_forms.py"),
    fault("forms: one cell proves a decimal comma", f"{CODE}/registries/number_forms.py",
          "votes.second < file.known.min_cells_of_decimal_comma", "votes.second < 1", "registries/unit/test_forms.py"),
    fault("forms: the sizes of serial blocks are not asked", f"{CODE}/registries/number_forms.py",
          "in (_votes_of_sizes, _votes_of_totals,", "in (_votes_of_totals,", "registries/unit/test_forms.py"),
    fault("forms: the periods of serial numbers are not asked", f"{CODE}/registries/day_forms.py",
          "in (_votes_of_periods, _votes_of_sequence)", "in (_votes_of_sequence,)", "registries/unit/test_forms.py"),
    fault("forms: a day that contradicts a serial number proves a form", f"{CODE}/registries/day_forms.py",
          "if same >= needed and not different:", "if same >= needed:", "registries/unit/test_forms.py"),
    fault("forms: of two forms that a file proves the commoner counts", f"{CODE}/registries/form_votes.py",
          "if fewer == more or (fewer > 1 and", "if fewer == more or (fewer > more and", "registries/unit/test_forms.py"),
    fault("forms: a file that was saved anew is written as the registry does", f"{CODE}/registries/form_votes.py",
          'return self.raw.delimiter in (",", None)', "return True", "registries/unit/test_forms.py"),
    fault("set aside: a row that stands twice counts twice", f"{CODE}/registries/set_aside.py",
          "where not is_no_record and row_hash not in (select row_hash from judged where fault is null)",
          "where not is_no_record", SET_ASIDE),
    fault("set aside: the footer's total counts", f"{CODE}/registries/set_aside.py",
          "{no_record} as is_no_record", "false as is_no_record", SET_ASIDE),
    fault("set aside: a quantity that cannot be read is 0 t", f"{CODE}/registries/set_aside.py",
          "is_stranger or {_lacks_tonnes(spec, raw)} as lacks_tonnes", "is_stranger as lacks_tonnes",
          SET_ASIDE),
    fault("set aside: rows that could not be split have no tonnes", f"{CODE}/registries/set_aside.py",
          "unread + len(raw.bad_rows)", "unread",
          "registries/unit/test_normalize.py::test_rows_that_could_not_be_split_have_tonnes_that_are_not_known"),
    fault("recognition: a file is of any registry whose columns it has", f"{CODE}/registries/recognition.py",
          ">= MIN_SHARE_OF_OWN_IDS * len(ids)", ">= 0", "registries/unit/test_drops.py"),
    fault("faults: a blank required cell is accepted", f"{CODE}/registries/faults.py",
          "for name in spec.filled:", "for name in ():", "registries/unit/test_normalize.py"),
    fault("faults: a bad date is no fault", f"{CODE}/registries/faults.py",
          '    "date": "a date is expected, e.g. 2024-03-25",\n', "", "registries/unit/test_normalize.py"),
    fault("faults: a negative quantity is accepted", f"{CODE}/registries/faults.py",
          'f"{quote(name)} < 0"', '"false"', "registries/unit/test_normalize.py"),
    fault("faults: a retirement may come before its issuance", f"{CODE}/registries/faults.py",
          '"transaction_date < issued_on"', '"transaction_date > issued_on + 99999"', "registries/unit/test_normalize.py"),
    fault("normalize: quarantined rows stay in the table", f"{CODE}/registries/normalize.py",
          "from judged where fault is null", "from judged", "registries/unit/test_normalize.py"),
    fault("ARB: a compliance period ends on its deadline before that has come", f"{CODE}/registries/hooks/arb.py",
          "if self.date and self.date <= observed_on", "if self.date", "registries/unit/test_hooks.py"),
    fault("release gate: a bound turned around", f"{CODE}/registries/release_gate.py",
          "if was and (now < least or now == 0):", "if was and (now > least or now == 0):",
          "registries/unit/test_release_gate.py"),
    fault("release gate: an older file is let in", f"{CODE}/registries/release_gate.py",
          "(before - now).days > bounds.max_days_back", "(now - before).days > bounds.max_days_back",
          "registries/unit/test_release_gate.py"),
    fault("intake: the other tables move on while one is held back", f"{CODE}/registries/intake.py",
          "    if not held:\n", "    if True:\n", "registries/unit/test_intake.py"),
    fault("drift: nothing of a changed form is blocking", f"{CODE}/registries/intake.py",
          "form = drift.blocking_reason(", "form = None and drift.blocking_reason(", "registries/unit/test_intake.py",
          "registries/unit/test_drift.py"),
    # unified
    fault("unified: of two prefixes that fit, the shorter is meant", f"{CODE}/unified/harmonize.py",
          "unnest(max_by(r, length", "unnest(min_by(r, length", "history/unit/test_history.py", "unified/unit"),
    # protocols, beneficiaries
    fault("titles: whatever is a little alike is the protocol", f"{CODE}/protocols/titles.py",
          "confidence < self._limits.min_confidence:", "confidence < 0:", "protocols/unit/test_reading_rules.py"),
    fault("titles: the bare name of a technology is a protocol of another registry", f"{CODE}/protocols/titles.py",
          "if not name or (self._is_foreign(name, registry) and self._is_bare(name) and not self._is_named(name, text)):",
          "if not name:", "protocols/unit/test_protocols.py"),
    fault("beneficiaries: an alias is not applied", f"{CODE}/beneficiaries/reader.py",
          "reader.canonical(name) or heaviest", "heaviest", "beneficiaries/unit/test_tables.py",
          "beneficiaries/unit/test_beneficiaries.py"),
    fault("beneficiaries: the rarest spelling is shown", f"{CODE}/beneficiaries/reader.py",
          "key=lambda name: (-tonnes[name], name)", "key=lambda name: (tonnes[name], name)",
          "beneficiaries/unit/test_tables.py", "beneficiaries/unit/test_beneficiaries.py"),
    fault("beneficiaries: a broker is a user", f"{CODE}/beneficiaries/knowledge.py",
          "return owner is not None and", "return owner is None and", "beneficiaries/unit/test_beneficiaries.py"),
    # history
    fault("history: who was missing meanwhile was valid all the time", f"{CODE}/history/periods.py",
          "lag(place) over series is distinct from place - 1 or ", "", "history/unit/test_history.py"),
    fault("changes: the mildest class of a record counts", f"{CODE}/history/differences.py",
          "arg_min(change_class, gravity)", "arg_max(change_class, gravity)", "history/unit/test_changes.py"),
    # eligibility
    fault("eligibility: a protocol among several is accepted", f"{CODE}/eligibility/verdicts.py",
          " or (block.all_protocols_known and len(block.protocols) = 1) then true", " or block.all_protocols_known then true",
          "eligibility/unit/test_verdicts.py"),
    fault("eligibility: a file that shows no authorisation says that there is none", f"{CODE}/eligibility/verdicts.py",
          "coalesce(list_contains(block.labels, rule.needs_label), false) then true end",
          "coalesce(list_contains(block.labels, rule.needs_label), false) then true else false end",
          "eligibility/unit/test_verdicts.py"),
    fault("eligibility: the current crediting period counts as the first", f"{CODE}/eligibility/verdicts.py",
          "when block.is_first_crediting then true", "when block.first_credited_on is not null then true",
          "eligibility/unit/test_verdicts.py"),
    fault("eligibility: the wider rule decides", f"{CODE}/eligibility/verdicts.py",
          "(-narrowness, rank, rule)", "(narrowness, rank, rule)", "eligibility/unit/test_verdicts.py"),
    fault("eligibility: rules that contradict each other are taken", f"{CODE}/eligibility/rules.py",
          "    faults.add(*_contradictions(rows, rules))\n", "", "eligibility/unit/test_rules.py"),
    # integrity
    fault("serials: a block has one unit less than its ends say", f"{CODE}/integrity/findings.py",
          "sum(serial_end - serial_start + 1) as units", "sum(serial_end - serial_start) as units",
          "integrity/unit/test_findings.py"),
    fault("serials: blocks that share one unit do not overlap", f"{CODE}/integrity/relations.py",
          "from units where reached >= serial_start) later", "from units where reached > serial_start) later",
          "integrity/unit/test_findings.py"),
    fault("double counting: one cancellation serves several issuances", f"{CODE}/integrity/double_counting.py",
          "c.quantity = i.quantity and c.place = i.place", "c.quantity = i.quantity", "integrity/unit/test_double_counting.py"),
    fault("serials: a block may be issued in two revisions", f"{CODE}/integrity/findings.py",
          "from pairs where serial_number <> earlier.number", "from pairs where serial_number = earlier.number",
          "integrity/unit/test_findings.py"),
    fault("conversions: all rows of the host give way", f"{CODE}/integrity/replaced_at_host.py",
          "        where c.program is null\n", "", "integrity/unit/test_replaced_at_host.py"),
    fault("conversions: an issuance gives way whole if a part was converted", f"{CODE}/integrity/replaced_at_host.py",
          "least(i.reach, c.reach) - greatest(i.reach - i.quantity, c.reach - c.quantity) as quantity",
          "i.quantity as quantity", "integrity/unit/test_replaced_at_host.py"),
    # geo, boundaries
    fault("areas: measured on another projection", f"{CODE}/geo/areas.py", "+proj=cea ", "+proj=eqc ",
          "boundaries/unit/test_repair.py"),
    fault("coordinate systems: axes in the order of the authority", f"{CODE}/geo/crs.py",
          "TransformerGroup(crs, WGS84, always_xy=True,", "TransformerGroup(crs, WGS84, always_xy=False,",
          "boundaries/unit/test_repair.py"),
    fault("boundaries: the index withdraws no file", f"{CODE}/boundaries/drops.py",
          "for name in kept if name not in said]", "for name in kept]", "boundaries/unit/test_drops.py"),
    fault("boundaries: of two files of a project the first observed counts", f"{CODE}/boundaries/drops.py",
          "*others, newest = sorted(", "newest, *others = sorted(", "boundaries/unit/test_drops.py"),
    fault("overlaps: projects of different times claim land at one time", f"{CODE}/boundaries/overlaps.py",
          "when one_ended or other_ended then false", "when one_ended and other_ended then false",
          "boundaries/unit/test_overlaps.py"),
    # openrefine
    fault("OpenRefine: the fingerprint keeps words twice", f"{CODE}/openrefine/clustering.py",
          "sorted(set(words), key", "sorted(words, key", "openrefine/unit/test_clustering.py"),
    # platform
    fault("gates: a critical expectation blocks nothing", f"{CODE}/platform/gates.py",
          "if not outcome.passed and outcome.expectation.is_critical]", "if False]", "platform/unit/test_gates.py"),
    fault("gates: a warning blocks", f"{CODE}/platform/gates.py",
          "if not outcome.passed and outcome.expectation.is_critical]", "if not outcome.passed]",
          "platform/unit/test_gates.py"),
    fault("freshness: a table that is gone is not made anew", f"{CODE}/platform/freshness.py",
          "dagster_internals.stale_keys(instance, graph) | missing", "dagster_internals.stale_keys(instance, graph)",
          "platform/unit/test_freshness.py"),
    fault("sensor: a failed run is asked for again", f"{CODE}/platform/sensors.py",
          "return not instance.all_logs(", "return instance is not None or not instance.all_logs(",
          "platform/unit/test_sensors.py"),
    fault("sensor: a lost cursor repeats a run", f"{CODE}/platform/sensors.py",
          "keys = freshness.stale(context.instance, graph, site.settings)",
          "keys = sorted(graph.materializable_asset_keys)", "platform/unit/test_sensors.py"),
    fault("orphans: a run whose process is gone goes on for ever", f"{CODE}/platform/orphans.py",
          "    except psutil.NoSuchProcess:\n        return False", "    except psutil.NoSuchProcess:\n        return True",
          "platform/unit/test_orphans.py"),
    # marts, publishing
    fault("marts: what gives way at the host counts", f"{MARTS}/unified/credits.sql",
          "    or asserted.quantity > replaced.quantity", "    or asserted.quantity >= replaced.quantity",
          "publishing/unit/test_dbt.py"),
    fault("conversions: a reissuance is due by the newest cancellation", f"{CODE}/integrity/double_counting.py",
          "(dues.observed_on < i.day + dues.days_due) is true", "(hosts.known_to < i.day) is true",
          "integrity/unit/test_double_counting.py"),
    fault("conversions: vintages that the programme never issued give way", f"{CODE}/integrity/replaced_at_host.py",
          "v.project_id = c.project_id and v.vintage is not distinct from c.vintage", "v.project_id = c.project_id",
          "integrity/unit/test_replaced_at_host.py"),
    fault("marts: what is retired is outstanding", f"{MARTS}/unified/projects.sql",
          "totals.issued - totals.retired - totals.cancelled", "totals.issued - totals.cancelled",
          "publishing/unit/test_dbt.py"),
    fault("marts: unknown totals are 0", f"{MARTS}/unified/projects.sql",
          "coalesce(totals.retired, known_registries.nothing)", "coalesce(totals.retired, 0)",
          "publishing/unit/test_dbt.py"),
    fault("placeholders: a programme's newer file counts before the host's", f"{CODE}/unified/placeholders.py",
          "order by is_by_host desc, cast", "order by cast", "unified/unit/test_placeholders.py"),
    fault("placeholders: of texts that differ one is taken", f"{CODE}/unified/placeholders.py",
          "from statements where texts = 1 group by", "from statements group by", "unified/unit/test_placeholders.py"),
    fault("placeholders: a file of a second later is the newest", f"{CODE}/unified/placeholders.py",
          "cast(observed_at at time zone 'UTC' as date) desc", "observed_at desc", "unified/unit/test_placeholders.py"),
    fault("placeholders: what is set aside states facts", f"{CODE}/registries/stated.py",
          "from accepted a join raw r", "from judged a join raw r", "registries/unit/test_normalize.py"),
    fault("placeholders: the default protocol of a registry is theirs", f"{CODE}/protocols/tables.py",
          "project_type_raw, null, protocol_raw is not null\n", "project_type_raw, null, true\n",
          "protocols/unit/test_tables.py"),
    fault("beneficiaries: several users are not understood", f"{CODE}/beneficiaries/reader.py",
          'return "several" if self.names else self.absence', "return self.absence", "beneficiaries/unit/test_absence.py"),
    fault("labels: a label without a family is of none", f"{CODE}/unified/labels.py",
          'Label(stated.get((label, "family"), label),', 'Label(stated.get((label, "family"), ""),',
          "unified/unit/test_labels.py"),
    fault("publishing: only registries whose files were real are missed", f"{CODE}/publishing/coverage.py",
          "made_up = [registry for registry in lost if were[registry] <= gave_way]",
          "made_up = []", "publishing/unit/test_coverage.py"),
    fault("suites: an identifier may stand twice", "expectations/harmonized/projects.json",
          '"expect_column_values_to_be_unique"', '"expect_column_values_to_not_be_null"', "publishing/unit/test_suites.py"),
    fault("publishing: the link flips before the version is built", f"{CODE}/publishing/publish.py",
          "    building.mkdir()\n", '    building.mkdir()\n    _flip(settings.published / "current", building)\n',
          "publishing/unit/test_publish.py"),
    fault("publishing: the version in use is pruned", f"{CODE}/publishing/publish.py",
          "settings.published.glob(\"v-*\") if path != current)", "settings.published.glob(\"v-*\"))",
          "publishing/unit/test_publish.py"),
    fault("publishing: a failed check is not looked at", f"{CODE}/publishing/assets.py",
          "if failed := _not_passed(context.instance, blocking):", "if failed := []:", "platform/pipeline/test_gates.py"),
    fault("publishing: a mart may lose everything", f"{CODE}/publishing/gate.py",
          "found = amounts_out_of_bounds(", "found = list(reasons) and amounts_out_of_bounds(",
          "registries/unit/test_release_gate.py"),
    fault("publishing: what was let through once is let through for ever", f"{CODE}/publishing/gate.py",
          "self.released.intersection(now) - set(was))", "self.released.intersection(now))",
          "registries/unit/test_release_gate.py"),
    fault("publishing: a release counts for every snapshot", f"{CODE}/publishing/gate.py",
          "bool(self.released.intersection(now) - set(was))", "bool(self.released)", "registries/unit/test_release_gate.py"),
    fault("publishing: where samples ever were nothing is judged", f"{CODE}/publishing/gate.py",
          "if exemptions.spare(was, now):", "if exemptions.gave_way or exemptions.spare(was, now):",
          "registries/unit/test_release_gate.py"),
)  # fmt: skip


def copy_of_checkout(folder: Path) -> Path:
    """The files of this checkout that git knows or would add, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=HOME,
        capture_output=True,
        check=True,
    )
    copy = folder / "checkout"
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (HOME / name).is_file() and not (HOME / name).is_symlink():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HOME / name, copy / name)
    if REAL_DATA.parent.is_dir():
        (folder / "shared").symlink_to(REAL_DATA.parent.resolve())
    return copy


def failure(checkout: Path, tests: tuple[str, ...]) -> str:
    """What pytest says where one of the tests fails, else "". Raises `RuntimeError` where it does not get to run them."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    if done.returncode > 2:
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout if done.returncode else ""


def outcome(checkout: Path, planted: Fault) -> str:
    """What became of a fault; the copy is left as it was."""
    path = checkout / planted.file
    if not path.is_file():
        return "NO SUCH FILE"
    content = path.read_text(encoding="utf-8")
    if content.count(planted.right) != 1:
        return f"CANNOT BE PLANTED: stands {content.count(planted.right)} times"
    path.write_text(content.replace(planted.right, planted.wrong), encoding="utf-8")
    try:
        return "caught" if failure(checkout, planted.tests) else "NOT CAUGHT"
    finally:
        path.write_text(content, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="of the faults, those with this text in their names")
    wanted = parser.parse_args().only.casefold()
    faults = [planted for planted in FAULTS if wanted in planted.name.casefold()]
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        checkout = copy_of_checkout(Path(folder))
        if wrong := failure(checkout, tuple(sorted({test for planted in faults for test in planted.tests}))):
            sys.stdout.write(f"{wrong}\nthe tests fail without any fault: nothing can be told\n")
            return 1
        unnoticed = 0
        for planted in faults:
            begun = time.monotonic()
            said = outcome(checkout, planted)
            unnoticed += said != "caught"
            sys.stdout.write(f"{said:<12} {time.monotonic() - begun:5.0f} s  {planted.name}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(faults) - unnoticed} of {len(faults)} faults caught\n")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
